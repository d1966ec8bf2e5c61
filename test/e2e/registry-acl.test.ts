import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { upFleet } from "../support/fleet.ts";
import { tuskerProcess } from "../support/tusker-process.ts";

const service = `import { createServer } from "node:http";
const token = process.env.CONSUL_HTTP_TOKEN;
createServer(async (request, answer) => {
  if (request.url === "/health") return answer.end("fine");
  const asked = await fetch(process.env.TUSKER_REGISTRY_URL + "/v1/catalog/services", {
    headers: { "X-Consul-Token": token },
  });
  answer.end(await asked.text());
}).listen(Number(process.env.PORT), "127.0.0.1");
`;

const fleet = `[service_discovery]
acl: { tokens: { ops: { secret: @env.secure("OPS_TOKEN"), management: true } } }
[services]
plain: { run: "node plain.mjs", health_endpoint: "/health" }
[routes]
"/plain/*": { service: "plain" }
`;

test("a fleet whose registry asks for tokens works as before, and strangers see nothing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tusker-acl-"));
  try {
    writeFileSync(join(folder, "plain.mjs"), service);
    const file = join(folder, "tusker.tsk");
    writeFileSync(file, fleet);
    await using up = await upFleet({ file, env: { OPS_TOKEN: "ops-secret" } });
    const through = await fetch(`${up.gateway}/plain/x`);
    assert.equal(through.status, 200);
    assert.ok("plain" in ((await through.json()) as object), "a service finds others with the fleet's token");
    const services = (token?: string) =>
      fetch(
        `${up.registry}/v1/catalog/services`,
        token === undefined ? {} : { headers: { "X-Consul-Token": token } },
      );
    assert.deepEqual(await (await services()).json(), {});
    assert.deepEqual(Object.keys((await (await services("ops-secret")).json()) as object), ["plain"]);
    assert.equal((await services("nope")).status, 403);
    const called = await up.tusker("call", "plain", "/health");
    assert.deepEqual([called.code, called.stdout.includes("fine")], [0, true], called.stderr);
    assert.ok(!JSON.stringify(up.told).includes("ops-secret") && !up.stderr().includes("ops-secret"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("tusker registry takes tokens from a file that only its owner may read", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tusker-acl-"));
  try {
    const file = join(folder, "tokens.json");
    const tokens = JSON.stringify({ tokens: { ops: { secret: "s3cret-ops", management: true } } });
    writeFileSync(file, tokens, { mode: 0o644 });
    const args = ["registry", "--json", "--port", "0", "--tokens", file];
    {
      await using refused = tuskerProcess(args, { cwd: folder });
      assert.equal(await refused.end("SIGCONT"), 2);
      assert.match(refused.noise.join("\n"), /chmod 600/);
      assert.ok(!refused.noise.join("\n").includes("s3cret-ops"));
    }
    chmodSync(file, 0o600);
    await using registry = tuskerProcess(args, { cwd: folder });
    const { registry: url } = await registry.line((line) => "registry" in line);
    assert.equal((await fetch(`${url}/v1/kv/a`)).status, 403);
    assert.equal((await fetch(`${url}/v1/kv/a?token=s3cret-ops`)).status, 404);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
