/** Tokens through the npm client. */
import assert from "node:assert/strict";
import { test } from "node:test";
import Consul from "consul";
import { Secret, systemClock, systemRandom } from "../../src/kernel/index.ts";
import { startRegistry } from "../../src/registry/index.ts";

test("a client with a token does what it may, and is told what it may not", async () => {
  await using registry = await startRegistry({
    port: 0,
    clock: systemClock,
    random: systemRandom,
    log: { info: () => undefined, error: (message) => assert.fail(message) },
    acl: {
      tokens: {
        app: {
          secret: new Secret("app-token"),
          key: { "app/*": "write" },
          service: { web: "write" },
          node: { "*": "read" },
        },
      },
    },
  });
  const at = { host: "127.0.0.1", port: registry.port };
  const app = new Consul({ ...at, defaults: { token: "app-token" } });
  const stranger = new Consul(at);
  try {
    assert.equal(await app.kv.set("app/x", "1"), true);
    await app.agent.service.register({ name: "web", port: 80 });
    assert.deepEqual(Object.keys(await app.catalog.service.list()), ["web"]);
    await assert.rejects(app.kv.set("other", "1"), { message: "Permission denied", statusCode: 403 });
    await assert.rejects(app.agent.service.register({ name: "db", port: 1 }), {
      message: "Permission denied: Missing service:write on db",
      statusCode: 403,
    });
    await assert.rejects(stranger.kv.get("app/x"), { statusCode: 403 });
    assert.deepEqual(await stranger.catalog.service.list(), {});
  } finally {
    app.destroy();
    stranger.destroy();
  }
});
