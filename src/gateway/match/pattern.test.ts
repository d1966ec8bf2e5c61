import assert from "node:assert/strict";
import { test } from "node:test";
import { comparePatterns, type Pattern, parsePattern, shapeOf } from "./pattern.ts";

function pattern(text: string): Pattern {
  const parsed = parsePattern(text);
  assert.ok(parsed.ok, text);
  return parsed.pattern;
}

function problemOf(text: string): string {
  const parsed = parsePattern(text);
  assert.ok(!parsed.ok, text);
  return parsed.problem;
}

test("reads exact paths, prefixes and patterns", () => {
  assert.deepEqual(pattern("/users"), { segments: [{ kind: "literal", text: "users" }], rest: false });
  assert.deepEqual(pattern("/*"), { segments: [], rest: true });
  assert.deepEqual(pattern("/a/*"), { segments: [{ kind: "literal", text: "a" }], rest: true });
  assert.deepEqual(pattern("/users/{id}/*").segments[1], { kind: "param", name: "id" });
});

test("the root is one empty segment, as in a request for it", () => {
  assert.deepEqual(pattern("/"), { segments: [{ kind: "literal", text: "" }], rest: false });
  assert.equal(pattern("/users/").segments.length, 2);
});

test("encodes plain letters the way a request does, and leaves what is encoded", () => {
  assert.deepEqual(pattern("/café").segments[0], { kind: "literal", text: "caf%C3%A9" });
  assert.deepEqual(pattern("/caf%C3%A9").segments[0], { kind: "literal", text: "caf%C3%A9" });
});

test("says what is wrong with a path that could never match", () => {
  assert.match(problemOf("users"), /begin with/);
  assert.match(problemOf("/a*"), /whole last segment/);
  assert.match(problemOf("/*/b"), /whole last segment/);
  assert.match(problemOf("/a/**"), /whole last segment/);
  assert.match(problemOf("/a/{id"), /whole segment/);
  assert.match(problemOf("/a/x{id}"), /whole segment/);
  assert.match(problemOf("/{id}/{id}"), /twice/);
  assert.match(problemOf("/a?b=1"), /query/);
  for (const text of [
    "/a/../b",
    "/a/./b",
    "/a b",
    "/a\\b",
    "/a%2Fb",
    "/a%zz",
    "/a%c3",
    "/%75s",
    "/a%7E",
    "/..;/b",
  ])
    assert.match(problemOf(text), /no request can match/, text);
});

test("the shape forgets names", () => {
  assert.equal(shapeOf(pattern("/users/{id}/*")), "/users/{}/*");
  assert.equal(shapeOf(pattern("/users/{name}/*")), shapeOf(pattern("/users/{id}/*")));
  assert.notEqual(shapeOf(pattern("/users")), shapeOf(pattern("/users/*")));
});

test("precedence: exact, then the longer literal beginning, then prefix before pattern, then the narrower pattern", () => {
  const order = [
    "/users/me",
    "/users/{id}/orders/{order}",
    "/users/{id}/orders/*",
    "/users/{id}/{thing}",
    "/users/{id}",
    "/users/{id}/*",
    "/{any}",
    "/{any}/*",
  ];
  const withPrefixes = [
    "/users/me",
    "/users/vip/*",
    "/users/*",
    ...order.slice(1, 6),
    "/*",
    ...order.slice(6),
  ];
  const sorted = [...withPrefixes].reverse().sort((a, b) => comparePatterns(pattern(a), pattern(b)));
  assert.deepEqual(sorted, withPrefixes);
});
