import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { root, type TestFleet, upFleet } from "../support/fleet.ts";
import { until } from "../support/until.ts";

const contract = `import { contract } from "tusker/rpc";
import { z } from "zod";
export const Stock = contract("stock", { who: { http: "GET /who", in: z.object({}), out: z.object({ port: z.number() }) } });
`;

const stock = `import { serve } from "tusker/rpc";
import { Stock } from "./contract.mjs";
await serve(Stock, { who: () => ({ port: Number(process.env.PORT) }) });
`;

/** Follows what its configuration names, in every way there is. */
const orders = `import { client, contract, serve, ServiceRef, settings } from "tusker/rpc";
import { z } from "zod";
import { Stock } from "./contract.mjs";
const config = settings(z.object({
  any: z.instanceof(ServiceRef),
  green: z.instanceof(ServiceRef),
  deep: z.object({ list: z.array(z.instanceof(ServiceRef)) }),
  name: z.string(),
}));
const typed = client(Stock, { url: config.green });
let heard = [];
config.green.watch((instances) => { heard = instances.map((one) => one.port); });
const told = z.object({ url: z.string(), typed: z.string(), watched: z.array(z.number()), all: z.array(z.number()), deep: z.array(z.number()), name: z.string() });
const portsOf = async (ref) => (await ref.endpoints()).map((one) => one.port).sort((a, b) => a - b);
const tried = (promise) => promise.then(String, (error) => error.code);
const Orders = contract("orders", { look: { http: "GET /look", in: z.object({}), out: told } });
await serve(Orders, {
  look: async () => ({
    url: await tried(config.green.url("/who").then(async (url) => (await (await fetch(url)).json()).port)),
    typed: await tried(typed.who({}).then(({ port }) => port)),
    watched: heard,
    all: await portsOf(config.any),
    deep: await portsOf(config.deep.list[0]),
    name: config.name,
  }),
});
`;

const fleetFile = `#!tusker 1
[services]
stock: { run: "node stock.mjs", tags: ["blue"], config: { orders: @service("orders") } }
orders: {
  run: "node orders.mjs"
  config: {
    any: @service("stock")
    green: @service("stock", tag="green")
    deep: { list: [@service("stock", tag="blue")] }
    name: @service("stock")
  }
}
[gateway]
retries: 0
upstreams: { mixed: { endpoints: [@service("stock", tag="green")] } }
[routes]
"/all/*": { service: @service("stock"), strip_prefix: "/all" }
"/blue/*": { service: @service("stock", tag="blue"), strip_prefix: "/blue" }
"/green/*": { service: @service("stock", tag="green"), strip_prefix: "/green" }
"/mixed/*": { service: "mixed", strip_prefix: "/mixed" }
"/split/*": {
  services: [{ service: @service("stock", tag="green"), weight: 1 }, { service: @service("stock", tag="blue"), weight: 1 }]
  strip_prefix: "/split"
}
"/look": { service: "orders" }
[api_communication]
retry_attempts: 0
`;

test("what @service names is found live: by routes, fixed endpoints, clients and watches, as instances come and go", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tusker-ref-"));
  try {
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(root, join(folder, "node_modules/tusker"));
    symlinkSync(join(root, "node_modules/zod"), join(folder, "node_modules/zod"));
    for (const [name, text] of Object.entries({ contract, stock, orders }))
      writeFileSync(join(folder, `${name}.mjs`), text);
    writeFileSync(join(folder, "tusker.tsk"), fleetFile);
    await using fleet = await upFleet({ file: join(folder, "tusker.tsk") });
    const [ready] = fleet.told.filter((line) => line.type === "ready" && line.service === "stock");
    const blue = Number(ready?.port);

    assert.deepEqual(await asked(fleet, "/blue/who"), { port: blue });
    assert.equal(await asked(fleet, "/green/who"), 503, "nobody bears that tag");
    assert.equal(await asked(fleet, "/mixed/who"), 503);
    assert.deepEqual(await asked(fleet, "/look"), {
      ...{
        url: "DISCOVERY_NO_ENDPOINT",
        typed: "DISCOVERY_NO_ENDPOINT",
        watched: [],
        all: [blue],
        deep: [blue],
      },
      name: "stock",
    });

    await using other = await anotherStock();
    await registered(fleet, other.port);
    await until("the gateway to know it", async () =>
      (await asked(fleet, "/green/who")) === 503 ? undefined : true,
    );
    for (let times = 0; times < 5; times++) {
      assert.deepEqual(await asked(fleet, "/green/who"), { port: other.port });
      assert.deepEqual(await asked(fleet, "/mixed/who"), { port: other.port });
      assert.deepEqual(await asked(fleet, "/blue/who"), { port: blue });
    }
    for (const path of ["/all/who", "/split/who"]) {
      const both = new Set<number>();
      await until("both to be asked", async () => {
        both.add(portOf(await asked(fleet, path)));
        return both.size === 2 ? true : undefined;
      });
    }
    const all = [blue, other.port].sort((a, b) => a - b);
    const seen = {
      ...{ url: String(other.port), typed: String(other.port), watched: [other.port], all, deep: [blue] },
      name: "stock",
    };
    await until("the service to know it", async () => {
      const look = await asked(fleet, "/look");
      return JSON.stringify(look) === JSON.stringify(seen) ? true : undefined;
    });

    await fetch(`${fleet.registry}/v1/agent/service/deregister/green-1`, { method: "PUT" });
    await until("the gateway to forget it", async () =>
      (await asked(fleet, "/green/who")) === 503 ? true : undefined,
    );
    await until("the service to forget it", async () => {
      const look = await asked(fleet, "/look");
      if (typeof look !== "object" || look === null) return undefined;
      return Reflect.get(look, "typed") === "DISCOVERY_NO_ENDPOINT" ? true : undefined;
    });
    assert.ok(!fleet.told.some((line) => line.type === "exited"), "nothing was restarted");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("spans go to the Zipkin that is a service of the fleet, wherever it listens", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tusker-ref-"));
  const zipkin = `import { createServer } from "node:http";
let spans = 0;
createServer((request, answer) => {
  const { method, url } = request;
  if (method !== "POST" || url !== "/api/v2/spans") return answer.end(String(spans));
  let body = "";
  request.on("data", (chunk) => { body += chunk; });
  request.on("end", () => { spans += JSON.parse(body).length; answer.writeHead(202).end(); });
}).listen(Number(process.env.PORT), "127.0.0.1");
`;
  const file = `#!tusker 1
[services]
zipkin: { run: "node zipkin.mjs" }
[routes]
"/spans": { service: "zipkin" }
[tracing]
zipkin_endpoint: @service("zipkin")
`;
  try {
    writeFileSync(join(folder, "zipkin.mjs"), zipkin);
    writeFileSync(join(folder, "tusker.tsk"), file);
    await using fleet = await upFleet({ file: join(folder, "tusker.tsk") });
    await until("spans to arrive", async () => (Number(await asked(fleet, "/spans")) > 0 ? true : undefined));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** The JSON of an answer, or its status when that is not 200. */
async function asked({ gateway }: TestFleet, path: string): Promise<unknown> {
  const answer = await fetch(gateway + path);
  const text = await answer.text();
  return answer.status === 200 ? JSON.parse(text) : answer.status;
}

function portOf(answer: unknown): number {
  return typeof answer === "object" && answer !== null ? Number(Reflect.get(answer, "port")) : 0;
}

/** An instance that the fleet did not start. */
async function anotherStock(): Promise<AsyncDisposable & { readonly port: number }> {
  const server: Server = createServer((_, answer) => {
    answer.setHeader("content-type", "application/json");
    answer.end(JSON.stringify({ port }));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

async function registered({ registry }: TestFleet, port: number): Promise<void> {
  const body = { Name: "stock", ID: "green-1", Address: "127.0.0.1", Port: port, Tags: ["green"] };
  const answer = await fetch(`${registry}/v1/agent/service/register`, {
    method: "PUT",
    body: JSON.stringify(body),
  });
  assert.equal(answer.status, 200, await answer.text());
}
