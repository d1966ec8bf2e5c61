import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Graph, startOrder } from "./graph.ts";

const graph = (edges: Record<string, string[]>): Graph => new Map(Object.entries(edges));

test("a service stands in a later level than everything it needs", () => {
  const order = startOrder(
    graph({ order: ["user", "payment"], user: ["database"], payment: [], audit: ["order"] }),
  );
  assert.deepEqual(order, { levels: [["user", "payment"], ["order"], ["audit"]] });
});

test("names a cycle as the path that closes it", () => {
  assert.deepEqual(startOrder(graph({ a: ["b"], b: ["c"], c: ["b"] })), { cycle: ["b", "c", "b"] });
  assert.deepEqual(startOrder(graph({ a: ["a"] })), { cycle: ["a", "a"] });
});

test("externals stand in no level and close no cycle", () => {
  assert.deepEqual(startOrder(graph({ a: ["database"], b: ["database"] })), { levels: [["a", "b"]] });
});

const graphs = fc
  .dictionary(
    fc.constantFrom("a", "b", "c", "d", "e", "f"),
    fc.array(fc.constantFrom("a", "b", "c", "d", "e", "f", "x")),
  )
  .map(graph);

test("property: every graph gives an order that respects all its edges, or a cycle that is one", () => {
  fc.assert(
    fc.property(graphs, (any) => {
      const order = startOrder(any);
      if ("cycle" in order) {
        assert.equal(order.cycle[0], order.cycle.at(-1));
        for (const [i, name] of order.cycle.slice(0, -1).entries())
          assert.ok(any.get(name)?.includes(order.cycle[i + 1] ?? ""));
        return;
      }
      const level = new Map(order.levels.flatMap((names, i) => names.map((name) => [name, i] as const)));
      assert.equal(level.size, any.size);
      for (const [name, needs] of any) {
        for (const need of needs)
          if (any.has(need)) assert.ok((level.get(need) ?? 0) < (level.get(name) ?? 0));
      }
    }),
  );
});
