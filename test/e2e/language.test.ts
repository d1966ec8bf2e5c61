import assert from "node:assert/strict";
import { test } from "node:test";
import { shopFile, tusker, upFleet } from "../support/fleet.ts";

const secret = "sk_live_never_seen_4242";

test("a secret shows in nothing that the fleet says, and what comes by an API is text", async () => {
  await using fleet = await upFleet({ env: { STRIPE_API_KEY: secret } });

  const written = { plain: "@env('STRIPE_API_KEY')", secure: '@env.secure("STRIPE_API_KEY")' };
  const put = await fetch(`${fleet.registry}/v1/kv/operators`, {
    method: "PUT",
    body: JSON.stringify(written),
  });
  assert.equal(put.status, 200);
  const kept = await fetch(`${fleet.registry}/v1/kv/operators?raw=true`);
  assert.deepEqual(await kept.json(), written);
  const registered = await fetch(`${fleet.registry}/v1/agent/service/register`, {
    method: "PUT",
    body: JSON.stringify({ Name: "stranger", Port: 1, Meta: written, Tags: [written.plain] }),
  });
  assert.equal(registered.status, 200);
  const found = await (await fetch(`${fleet.registry}/v1/catalog/service/stranger`)).text();
  const [entry] = JSON.parse(found) as { ServiceMeta: unknown; ServiceTags: unknown }[];
  assert.deepEqual([entry?.ServiceMeta, entry?.ServiceTags], [written, [written.plain]]);

  await fetch(`${fleet.gateway}/api/payments`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ order: "1", amount: 5 }),
  });
  const commands = [
    ["ps", "--json"],
    ["logs", "--json"],
    ["traces", "--json"],
    ["config", "render", "--json"],
    ["config", "explain", "services.payment-service.config.stripe_api_key"],
    ["config", "diff", "--env", "production"],
  ];
  const of = { dataDir: fleet.dataDir, file: shopFile };
  const ran = await Promise.all(commands.map((command) => tusker(command, of, { STRIPE_API_KEY: secret })));
  const said = [
    JSON.stringify(fleet.told),
    fleet.stderr(),
    found,
    ...ran.flatMap((one) => [one.stdout, one.stderr]),
  ];
  assert.match(ran[3]?.stdout ?? "", /"stripe_api_key":"\[secret\]"/);
  assert.ok(!said.join("\n").includes(secret));
});
