import assert from "node:assert/strict";
import { test } from "node:test";
import type { Endpoint, EndpointSet } from "./endpoint.ts";
import { staticDiscovery } from "./static.ts";

const endpoint = (service: string, id: string, port = 8081): Endpoint => ({
  id,
  service,
  host: "127.0.0.1",
  port,
  meta: {},
  tags: [],
  weight: 1,
});

test("what is told at the start is grouped by service", async () => {
  await using discovery = staticDiscovery([
    endpoint("user", "u2"),
    endpoint("order", "o1"),
    endpoint("user", "u1"),
  ]);
  const set = await discovery.lookup("user");
  assert.deepEqual(
    set.endpoints.map(({ id }) => id),
    ["u1", "u2"],
  );
  assert.equal(discovery.known("order")?.endpoints.length, 1);
});

test("a service nobody listed has no endpoints, and that is known at once", async () => {
  await using discovery = staticDiscovery();
  assert.deepEqual((await discovery.lookup("nobody")).endpoints, []);
  assert.deepEqual(discovery.known("nobody")?.endpoints, []);
});

test("a listener hears the known set at once and each change once", async () => {
  await using discovery = staticDiscovery([endpoint("user", "u1")]);
  const heard: EndpointSet[] = [];
  discovery.watch("user", (set) => heard.push(set));
  assert.equal(heard.length, 1);
  discovery.set("user", [endpoint("user", "u1", 9000)]);
  discovery.set("user", [endpoint("user", "u1", 9000)]);
  assert.deepEqual(
    heard.map((set) => set.endpoints.map(({ port }) => port)),
    [[8081], [9000]],
  );
  assert.notEqual(heard[0]?.version, heard[1]?.version);
});

test("a disposed listener hears nothing, others go on", async () => {
  await using discovery = staticDiscovery();
  const first: EndpointSet[] = [];
  const second: EndpointSet[] = [];
  const watching = discovery.watch("user", (set) => first.push(set));
  discovery.watch("user", (set) => second.push(set));
  watching[Symbol.dispose]();
  discovery.set("user", [endpoint("user", "u1")]);
  assert.equal(first.length, 1);
  assert.equal(second.length, 2);
});

test("the same listener may follow twice and hears each change twice", async () => {
  await using discovery = staticDiscovery();
  let heard = 0;
  const listener = (): void => void heard++;
  const one = discovery.watch("user", listener);
  discovery.watch("user", listener);
  one[Symbol.dispose]();
  discovery.set("user", [endpoint("user", "u1")]);
  assert.equal(heard, 3);
});
