/** A whole fleet whose registry is an etcd. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { skipWithoutEtcd, startEtcdPeer } from "../support/etcd-peer.ts";
import { upFleet } from "../support/fleet.ts";

const range = z.object({ kvs: z.array(z.object({ key: z.string() })).optional() });

test("the shop runs on an etcd: found, called through the gateway and by each other, and gone when it stops", {
  skip: skipWithoutEtcd,
}, async () => {
  await using etcd = await startEtcdPeer();
  const registered = async (): Promise<string[]> => {
    const prefix = Buffer.from("tusker/services/").toString("base64");
    const end = Buffer.from("tusker/services0").toString("base64");
    const { kvs = [] } = range.parse(
      await etcd.call("kv/range", { key: prefix, range_end: end, keys_only: true }),
    );
    return kvs.map(({ key }) => Buffer.from(key, "base64").toString().slice("tusker/services/".length));
  };
  await using fleet = await upFleet({ args: ["--set", `service_discovery.registry_url="${etcd.url}"`] });
  assert.equal(fleet.registry, etcd.url);
  assert.deepEqual((await registered()).sort(), [
    "order-service/shop.order-service-001",
    "payment-service/shop.payment-service-001",
    "user-service/shop.user-service-001",
  ]);
  const user = await fetch(`${fleet.gateway}/api/users/123`);
  assert.equal(user.status, 200, await user.text());
  const order = await fetch(`${fleet.gateway}/api/orders`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ user_id: "123", items: [{ product_id: "prod_123", quantity: 2, price: 29.99 }] }),
  });
  assert.ok(order.ok, `${order.status} ${await order.text()}`);
  const called = await fleet.tusker("call", "user-service", "/users/123");
  assert.equal(called.code, 0, called.stderr);
  assert.equal(await fleet.stop(), 0);
  assert.deepEqual(await registered(), []);
});
