import assert from "node:assert/strict";
import { Resolver } from "node:dns/promises";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { upFleet } from "../support/fleet.ts";
import { until } from "../support/until.ts";

/** Says its own port; asked at /peer, what answers under the name that it was configured with. */
const service = `import { Resolver } from "node:dns/promises";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
const { service } = JSON.parse(readFileSync(process.env.TUSKER_CONFIG_FILE, "utf8"));
createServer(async (request, answer) => {
  const url = new URL(request.url, "http://localhost");
  if (url.pathname !== "/peer") return answer.end(process.env.PORT);
  const resolver = new Resolver();
  resolver.setServers([url.searchParams.get("dns")]);
  try {
    const [at] = await resolver.resolveSrv(service.config.stock);
    const [host] = await resolver.resolve4(at.name);
    const found = await fetch("http://" + host + ":" + at.port + "/");
    answer.end(service.config.stock + " is " + (await found.text()));
  } catch (error) {
    answer.end(service.config.stock + " " + error.code);
  }
}).listen(Number(process.env.PORT), "127.0.0.1");
`;

const fleetFile = `#!tusker 1
[services]
stock: { run: "node service.mjs", tags: ["blue", "eu-1"] }
orders: { run: "node service.mjs", config: { stock: @service("stock", tag="blue") } }
lost: { run: "node service.mjs", config: { stock: @service("stock", tag="green") } }
[routes]
"/orders/*": { service: "orders", strip_prefix: "/orders" }
"/lost/*": { service: "lost", strip_prefix: "/lost" }
`;

test("a service reaches another by the name that @service gives for its tag, over DNS of the fleet's registry", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tusker-tag-"));
  try {
    writeFileSync(join(folder, "service.mjs"), service);
    writeFileSync(join(folder, "tusker.tsk"), fleetFile);
    await using fleet = await upFleet({ file: join(folder, "tusker.tsk") });
    const up = await fleet.saw((line) => line.type === "up");
    const dns = String(up.dns);
    assert.match(dns, /^127\.0\.0\.1:\d+$/);
    const [ready] = fleet.told.filter((line) => line.type === "ready" && line.service === "stock");
    const ask = async (path: string): Promise<string> =>
      await (await fetch(`${fleet.gateway}${path}/peer?dns=${encodeURIComponent(dns)}`)).text();
    assert.equal(await ask("/orders"), `blue.stock.service.consul is ${ready?.port}`);
    assert.equal(await ask("/lost"), "green.stock.service.consul ENOTFOUND", "nobody bears that tag");

    const resolver = new Resolver();
    resolver.setServers([dns]);
    const names = async (): Promise<readonly number[]> =>
      (await resolver.resolveSrv("eu-1.stock.service.consul").catch(() => [])).map((one) => one.port);
    assert.deepEqual(await names(), [ready?.port], "each tag is a name");
    const stopped = await fleet.tusker("stop", "stock");
    assert.equal(stopped.code, 0, stopped.stderr);
    await until("the name to be gone", async () => ((await names()).length === 0 ? true : undefined));
    assert.equal(await ask("/orders"), "blue.stock.service.consul ENOTFOUND");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
