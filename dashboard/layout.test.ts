import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { curve, type Edge, layoutOf } from "./layout.ts";

const sizes = { width: 100, height: 40, gapX: 50, gapY: 20 };
const shop: readonly Edge[] = [
  { from: "gateway", to: "users" },
  { from: "gateway", to: "orders" },
  { from: "gateway", to: "payments" },
  { from: "orders", to: "users" },
  { from: "orders", to: "payments" },
  { from: "users", to: "database" },
];
const names = ["gateway", "users", "orders", "payments", "database"];

const graphs = fc
  .uniqueArray(fc.stringMatching(/^[a-z]{1,4}$/), { minLength: 1, maxLength: 14 })
  .chain((some) =>
    fc.record({
      some: fc.constant(some),
      edges: fc.array(fc.record({ from: fc.constantFrom(...some), to: fc.constantFrom(...some, "nobody") }), {
        maxLength: 30,
      }),
    }),
  );

test("callers stand left of what they call", () => {
  const { nodes } = layoutOf(names, shop, sizes);
  const x = (name: string): number => nodes.get(name)?.x ?? Number.NaN;
  for (const { from, to } of shop) assert.ok(x(from) < x(to), `${from} stands left of ${to}`);
  assert.deepEqual([x("gateway"), x("orders"), x("users"), x("database")], [50, 200, 350, 500]);
});

test("an edge that passes a layer goes around what stands there", () => {
  const { nodes, edges } = layoutOf(names, shop, sizes);
  const long = edges.find(({ from, to }) => from === "gateway" && to === "users");
  assert.equal(long?.points.length, 3);
  const orders = nodes.get("orders");
  const passing = long?.points[1];
  assert.ok(orders !== undefined && passing !== undefined);
  assert.equal(passing.x, orders.x);
  assert.ok(Math.abs(passing.y - orders.y) >= sizes.height / 2 + sizes.gapY - 0.001);
});

test("a circle of calls is drawn, its closing edge backwards", () => {
  const edges = [
    { from: "a", to: "b" },
    { from: "b", to: "a" },
  ];
  const placed = layoutOf(["a", "b"], edges, sizes);
  assert.equal(placed.edges.length, 2);
  assert.notEqual(placed.nodes.get("a")?.x, placed.nodes.get("b")?.x);
});

test("nothing to draw takes no room", () => {
  const { width, height, nodes } = layoutOf([], [], sizes);
  assert.ok(width <= 0);
  assert.equal(height, 0);
  assert.equal(nodes.size, 0);
});

test("the same graph gives the same picture", () => {
  fc.assert(
    fc.property(graphs, ({ some, edges }) => {
      assert.deepEqual(layoutOf(some, edges, sizes), layoutOf(some, edges, sizes));
    }),
  );
});

test("every node has a place inside the picture, and no two touch", () => {
  fc.assert(
    fc.property(graphs, ({ some, edges }) => {
      const { nodes, width, height } = layoutOf(some, edges, sizes);
      assert.equal(nodes.size, some.length);
      const all = [...nodes.values()];
      for (const [at, { x, y }] of all.entries()) {
        assert.ok(x >= 50 && x <= width - 50 && y >= 19.99 && y <= height - 19.99);
        for (const other of all.slice(at + 1)) assert.ok(other.x !== x || Math.abs(other.y - y) >= 59.99);
      }
    }),
  );
});

test("edges begin at the side of their caller and end at the side of the called", () => {
  fc.assert(
    fc.property(graphs, ({ some, edges }) => {
      const placed = layoutOf(some, edges, sizes);
      for (const { from, to, points } of placed.edges) {
        const [first, last] = [points[0], points.at(-1)];
        assert.equal(Math.abs((first?.x ?? 0) - (placed.nodes.get(from)?.x ?? 0)), 50);
        assert.equal(Math.abs((last?.x ?? 0) - (placed.nodes.get(to)?.x ?? 0)), 50);
        assert.equal(first?.y, placed.nodes.get(from)?.y);
        assert.equal(last?.y, placed.nodes.get(to)?.y);
      }
    }),
  );
});

test("curves leave and arrive level", () => {
  assert.equal(curve([]), "");
  assert.equal(
    curve([
      { x: 0, y: 0 },
      { x: 100, y: 40 },
    ]),
    "M0 0C50 0 50 40 100 40",
  );
});
