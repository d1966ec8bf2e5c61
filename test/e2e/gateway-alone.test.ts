import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { upFleet } from "../support/fleet.ts";
import { tuskerProcess } from "../support/tusker-process.ts";
import { until } from "../support/until.ts";

function folder(): { readonly file: string; write(routes: string): void } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "tusker-gateway-"));
  const file = join(path, "gateway.tsk");
  return {
    file,
    write: (text) => writeFileSync(file, text),
    [Symbol.dispose]: () => rmSync(path, { recursive: true }),
  };
}

async function origin(name: string): Promise<Server & AsyncDisposable & { readonly port: number }> {
  const server = createServer((_, response) => response.end(name));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(server, {
    port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

function fileOf(port: number, admin: number, answer: string): string {
  return `[service_discovery]
enabled: false
[tracing]
enabled: false
[gateway]
port: 1
admin_port: ${admin}
access_log: 1
upstreams: { users: { endpoints: ["127.0.0.1:${port}"] } }
[routes]
"/users/*": { service: "users" }
"/word": { answer: { body: "${answer}" } }
`;
}

test("a gateway alone: fixed endpoints, an admin door, a changed file without a pause, a wrong file without effect", async () => {
  await using users = await origin("users");
  using at = folder();
  at.write(fileOf(users.port, 0, "first"));
  const args = ["gateway", "--config", at.file, "--port", "0", "--workers", "2", "--json"];
  await using process = tuskerProcess(args, { cwd: "/" });
  const started = await process.line((line) => "gateway" in line);
  const gateway = String(started.gateway);
  const admin = new URL(String(started.admin)).origin;
  const word = async (): Promise<string> => (await fetch(`${gateway}/word`)).text();
  assert.equal(await (await fetch(`${gateway}/users/1`)).text(), "users");
  assert.equal((await fetch(`${admin}/-/ready`)).status, 200);
  const [first] = (await (await fetch(`${admin}/-/routes`)).json()) as { path: string }[];
  assert.equal(first?.path, "/users/*");
  const [endpoints] = (await (await fetch(`${admin}/-/endpoints`)).json()) as {
    service: string;
    endpoints: { port: number; breaker: string }[];
  }[];
  assert.deepEqual(
    [endpoints?.service, endpoints?.endpoints[0]?.port, endpoints?.endpoints[0]?.breaker],
    ["users", users.port, "closed"],
  );
  assert.match(await (await fetch(`${admin}/-/metrics`)).text(), /tusker_gateway_requests_total/);

  const line = await process.line(({ message }) => message === "access");
  assert.deepEqual([line.path, line.status, line.service], ["/users/1", 200, "users"]);

  at.write(fileOf(users.port, 0, "second"));
  await until("the changed file", async () => (await word()) === "second");
  at.write('[routes]\n"/word": { services: { users: 0 } }\n');
  await process.line((line) => line.type === "reload" && line.adopted === false);
  assert.ok(
    process.noise
      .concat(process.lines.map((line) => JSON.stringify(line)))
      .join("\n")
      .includes("sum to zero"),
  );
  assert.equal(await word(), "second");
  assert.equal(await process.end(), 0);
});

test("the access log is JSON lines, whatever is written for people beside it", async () => {
  using at = folder();
  at.write(`[service_discovery]
enabled: false
[tracing]
enabled: false
[gateway]
access_log: 1
[routes]
"/word": { answer: { body: "said" } }
`);
  await using process = tuskerProcess(["gateway", at.file, "--port", "0"], { cwd: "/" });
  const said = await until("its address", async () =>
    process.noise.find((text) => text.includes("gateway at")),
  );
  const address = /gateway at (\S+)/.exec(said)?.[1];
  assert.equal(await (await fetch(`${address}/word?token=secret`)).text(), "said");
  const line = await process.line(({ message }) => message === "access");
  assert.deepEqual([line.path, line.status, line.route], ["/word", 200, "/word"]);
  assert.match(String(line.trace_id), /^[0-9a-f]{32}$/);
  assert.equal(await process.end(), 0);
});

const service = `
let held;
require("http")
  .createServer((request, response) => {
    if (request.url === "/slow") { held = response; return; }
    if (request.url === "/release") held?.end("late");
    response.end("up");
  })
  .on("upgrade", (_, socket) => {
    socket.on("error", () => {});
    socket.write("HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n\\r\\n");
    socket.pipe(socket);
  })
  .listen(process.env.PORT, "127.0.0.1");
`;

/** A connection that changed its protocol; what is said on it comes back. */
async function echo(url: string): Promise<{ says(text: string): Promise<string> } & Disposable> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const heard = async (): Promise<string> => String((await once(socket, "data"))[0]);
  socket.write("GET /one/echo HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  assert.match(await heard(), /^HTTP\/1.1 101 /);
  return {
    says(text) {
      socket.write(text);
      return heard();
    },
    [Symbol.dispose]: () => socket.destroy(),
  };
}

test("a fleet that runs takes over its changed file: WebSockets, running requests and limits carry on", async () => {
  using at = folder();
  writeFileSync(join(dirname(at.file), "one.js"), service);
  const fleetOf = (answer: string): string => `[services]
one: { run: "node one.js" }
[gateway]
port: 0
strip_prefix: "/one"
[routes]
"/one/*": { service: "one" }
"/limited": { answer: { body: "yes" }, rate_limit: { requests: 2, window: "1h" } }
"/word": { answer: { body: "${answer}" } }
`;
  at.write(fleetOf("first"));
  await using fleet = await upFleet({ file: at.file });
  const get = (path: string): Promise<Response> => fetch(`${fleet.gateway}${path}`);
  const word = async (): Promise<string> => (await get("/word")).text();
  assert.equal(await word(), "first");
  using socket = await echo(fleet.gateway);
  assert.equal(await socket.says("before"), "before");
  const slow = get("/one/slow");
  assert.equal((await get("/limited")).status, 200);

  at.write(fleetOf("second").replace('"node one.js"', '"node one.js", version: "2.0.0"'));
  await until("the changed file", async () => (await word()) === "second");
  const { text } = await fleet.saw(({ type, text }) => type === "notice" && /takes over/.test(String(text)));
  assert.match(String(text), /wait for a restart of the fleet: services\.one$/);
  assert.equal(await socket.says("after"), "after");
  assert.deepEqual([(await get("/limited")).status, (await get("/limited")).status], [200, 429]);

  at.write(fleetOf("third").replace('service: "one"', "services: { one: 0 }"));
  await fleet.saw(({ type, text }) => type === "notice" && /not right/.test(String(text)));
  // Why, with its place, stands on standard error.
  assert.match(fleet.stderr(), /sum to zero/);
  assert.equal(await word(), "second");
  assert.equal(await socket.says("and still"), "and still");
  assert.equal(await (await get("/one/release")).text(), "up");
  assert.equal(await (await slow).text(), "late");
});
