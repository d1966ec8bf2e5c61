import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Listing } from "./listing.ts";
import type { Service } from "./model.ts";

const service = (name: string, tags: readonly string[] = []): Service => ({
  node: "n",
  id: name,
  name,
  tags,
  address: "",
  port: 0,
  weights: { passing: 1, warning: 1 },
  enableTagOverride: false,
});

test("the listing has each service with the tags of all its instances, in order", () => {
  const listing = new Listing();
  listing.add(service("web", ["b"]));
  listing.add(service("db"));
  listing.add(service("web", ["a", "b"]));
  assert.deepEqual(listing.all(), [
    ["db", []],
    ["web", ["a", "b"]],
  ]);
});

test("a tag stays as long as one instance has it", () => {
  const listing = new Listing();
  listing.add(service("web", ["a"]));
  listing.add(service("web", ["a"]));
  assert.equal(listing.remove(service("web", ["a"])), false);
  assert.deepEqual(listing.all(), [["web", ["a"]]]);
  assert.equal(listing.remove(service("web", ["a"])), true);
  assert.deepEqual(listing.all(), []);
});

test("an instance that names a tag twice counts it twice, both ways", () => {
  const listing = new Listing();
  listing.add(service("web", ["a", "a"]));
  listing.add(service("web"));
  listing.remove(service("web", ["a", "a"]));
  assert.deepEqual(listing.all(), [["web", []]]);
});

test("it says that it changed exactly when it looks different", () => {
  const one = fc.record({
    name: fc.constantFrom("a", "b"),
    tags: fc.uniqueArray(fc.constantFrom("x", "y", "z")),
  });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 12 }), fc.func(fc.nat(11)), (added, pick) => {
      const listing = new Listing();
      const held: Service[] = [];
      const looks = () => JSON.stringify(listing.all());
      for (const [i, { name, tags }] of added.entries()) {
        const before = looks();
        assert.equal(listing.add(service(name, tags)), looks() !== before);
        held.push(service(name, tags));
        if (pick(i) % 3 !== 0) continue;
        const gone = held.splice(pick(i) % held.length, 1)[0];
        const then = looks();
        if (gone !== undefined) assert.equal(listing.remove(gone), looks() !== then);
      }
    }),
  );
});
