import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatRoute, parseRoute, type Route, viewNames, withQuery } from "./route.ts";

test("an address without a view, or with one nobody knows, is the map", () => {
  for (const hash of ["", "#", "#/", "#/nowhere/x?errors=1", "#map-ish"])
    assert.deepEqual(parseRoute(hash), { view: "map", query: {} });
});

test("a link into a trace holds the trace, the span and the filter", () => {
  const route: Route = {
    view: "traces",
    id: "4bf92f",
    query: { service: "user-service", errors: "1", span: "00f0" },
  };
  assert.equal(formatRoute(route), "#/traces/4bf92f?service=user-service&errors=1&span=00f0");
  assert.deepEqual(parseRoute(formatRoute(route)), route);
});

test("words of the query that nobody knows, and empty ones, are left out", () => {
  assert.deepEqual(parseRoute("#/logs?q=&x=1&service=a").query, { service: "a" });
  assert.equal(formatRoute({ view: "logs", query: { q: "", service: undefined } }), "#/logs");
});

test("a broken escape is taken as it stands", () => {
  assert.equal(parseRoute("#/traces/%zz").id, "%zz");
});

test("a query is changed word by word", () => {
  const route: Route = { view: "traces", id: "a", query: { q: "x", errors: "1" } };
  assert.deepEqual(withQuery(route, { errors: "" }).query, { q: "x", errors: "" });
  assert.equal(formatRoute(withQuery(route, { errors: "" })), "#/traces/a?q=x");
});

test("every place can be linked: what is written is read back", () => {
  const text = fc.string({ minLength: 1, unit: "grapheme" });
  const route = fc.record(
    {
      view: fc.constantFrom(...viewNames),
      id: fc.option(text, { nil: undefined }),
      query: fc.record(
        { service: text, errors: text, q: text, span: text, as: text },
        { requiredKeys: [], noNullPrototype: true },
      ),
    },
    { noNullPrototype: true },
  );
  fc.assert(fc.property(route, (one) => assert.deepEqual(parseRoute(formatRoute(one)), one)));
});

test("no hash makes the parser throw", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (hash) => {
      assert.ok(viewNames.includes(parseRoute(hash).view));
    }),
  );
});
