import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ResourcePool } from "./resources.ts";

const resource = (service: string, version: string) => ({
  service,
  attributes: { "service.version": version },
});

test("what says the same is kept once, what says something else beside it", () => {
  const pool = new ResourcePool();
  const first = pool.take(resource("shop", "1"));
  const { bytes } = pool;
  assert.equal(pool.take(resource("shop", "1")), first);
  assert.equal(pool.bytes, bytes);
  assert.notEqual(pool.take(resource("shop", "2")), first);
  assert.equal(pool.bytes, 2 * bytes);
});

test("property: what nobody has any more takes no room, in whatever order it comes and goes", () => {
  const step = fc.tuple(fc.constantFrom("a", "b", "c"), fc.boolean());
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const pool = new ResourcePool();
      const taken = new Map<string, ReturnType<typeof pool.take>[]>();
      for (const [service, comes] of steps) {
        const held = taken.get(service) ?? [];
        taken.set(service, held);
        if (comes) held.push(pool.take(resource(service, "1")));
        else {
          const one = held.pop();
          if (one !== undefined) pool.release(one);
        }
        const kinds = [...taken.values()].filter((list) => list.length > 0);
        assert.equal(pool.bytes > 0, kinds.length > 0);
        for (const list of kinds) assert.equal(new Set(list).size, 1);
      }
      for (const list of taken.values()) for (const one of list) pool.release(one);
      assert.equal(pool.bytes, 0);
    }),
  );
});
