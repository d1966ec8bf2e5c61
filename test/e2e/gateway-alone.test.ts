import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
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

function parsed(line: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(line);
  } catch {
    return {};
  }
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
  await using process = tuskerProcess(["gateway", "--config", at.file, "--port", "0", "--json"], {
    cwd: "/",
  });
  const started = await process.line((line) => "gateway" in line);
  const gateway = String(started.gateway);
  const admin = new URL(String(started.admin)).origin;
  const word = async (): Promise<string> => (await fetch(`${gateway}/word`)).text();
  assert.equal(await (await fetch(`${gateway}/users/1`)).text(), "users");
  assert.equal((await fetch(`${admin}/-/ready`)).status, 200);
  const [first] = (await (await fetch(`${admin}/-/routes`)).json()) as { path: string }[];
  assert.equal(first?.path, "/users/*");
  assert.match(await (await fetch(`${admin}/-/metrics`)).text(), /tusker_gateway_requests_total/);

  const line = process.noise.map((text) => parsed(text)).find(({ message }) => message === "access");
  assert.deepEqual([line?.path, line?.status, line?.service], ["/users/1", 200, "users"]);

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

test("a fleet that runs takes over the routes of its changed file", async () => {
  using at = folder();
  writeFileSync(
    join(dirname(at.file), "one.js"),
    "require('http').createServer((_, r) => r.end('up')).listen(process.env.PORT, '127.0.0.1')",
  );
  const fleetOf = (answer: string): string => `[services]
one: { run: "node one.js" }
[gateway]
port: 0
[routes]
"/one": { service: "one" }
"/word": { answer: { body: "${answer}" } }
`;
  at.write(fleetOf("first"));
  await using fleet = await upFleet({ file: at.file });
  const word = async (): Promise<string> => (await fetch(`${fleet.gateway}/word`)).text();
  assert.equal(await word(), "first");
  at.write(fleetOf("second"));
  await until("the changed file", async () => (await word()) === "second");
  at.write(fleetOf("third").replace('service: "one"', "services: { one: 0 }"));
  await fleet.saw(({ type, text }) => type === "notice" && /not right/.test(String(text)));
  assert.equal(await word(), "second");
  assert.equal(await (await fetch(`${fleet.gateway}/one`)).text(), "up");
});
