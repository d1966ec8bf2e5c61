import assert from "node:assert/strict";
import { test } from "node:test";
import { TuskerError } from "../kernel/index.ts";
import { addressResolver, type Endpoint, serviceResolver, staticDiscovery, tagged } from "./index.ts";

const endpoint = (id: string, port: number, tags: readonly string[], grpc?: number): Endpoint => ({
  ...{ id, service: "stock", host: id === "six" ? "::1" : "127.0.0.1", port, tags, weight: 1 },
  meta: grpc === undefined ? {} : { grpc_port: String(grpc) },
});
const a = endpoint("a", 1, ["blue"], 11);
const b = endpoint("b", 2, ["green", "blue"]);
const six = endpoint("six", 3, ["green"]);

test("of a tag only the instances that bear it are told, now and after each change", async () => {
  await using all = staticDiscovery([a, six]);
  await using blue = tagged(all, "blue");
  const heard: string[] = [];
  const ids = (endpoints: readonly Endpoint[]): string => endpoints.map(({ id }) => id).join();
  using _ = blue.watch("stock", ({ endpoints }) => void heard.push(ids(endpoints)));
  all.set("stock", [a, b, six]);
  all.set("stock", [a, b]);
  all.set("stock", [six]);
  assert.deepEqual(heard, ["a", "a,b", ""]);
  assert.equal(ids((await all.lookup("stock")).endpoints), "six", "the others see all");
  assert.equal(blue.known("stock")?.endpoints.length, 0);
});

test("a reference is resolved to the port it means; who does not have that is passed over", async () => {
  await using all = staticDiscovery([a, b, six]);
  const resolver = serviceResolver(all);
  const urls = async (target: Parameters<typeof resolver.instances>[0]): Promise<readonly string[]> =>
    (await resolver.instances(target)).map(({ url }) => url);
  assert.deepEqual(await urls({ name: "stock", tag: "green" }), ["http://127.0.0.1:2", "http://[::1]:3"]);
  assert.deepEqual(await urls({ name: "stock", port: "grpc" }), ["http://127.0.0.1:11"]);
  assert.deepEqual(await urls({ name: "nobody" }), []);
});

test("an address that names a service is that of an instance, each in turn; any other stays as it is", async () => {
  await using all = staticDiscovery([a, b]);
  const address = addressResolver(serviceResolver(all), "/default");
  const asked: string[] = [];
  for (const written of ["http://x/y", "service://stock/p", "service://stock", "service://stock?tag=green"])
    asked.push(await address(written));
  assert.deepEqual(asked, [
    ...["http://x/y", "http://127.0.0.1:1/p", "http://127.0.0.1:2/default", "http://127.0.0.1:2/default"],
  ]);
  await assert.rejects(
    address("service://nobody"),
    (error) => error instanceof TuskerError && error.code === "DISCOVERY_NO_ENDPOINT",
  );
});
