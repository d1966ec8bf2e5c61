import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { normalisePath, type PathRules, parseTarget } from "./target.ts";

function path(target: string, method = "GET") {
  const parsed = parseTarget(method, target);
  assert.ok(parsed.kind === "path", `${target}: ${JSON.stringify(parsed)}`);
  return parsed;
}

test("splits path and query at the first question mark and leaves the query as it is", () => {
  assert.deepEqual(path("/a/b?x=%2F&y=?"), { kind: "path", path: "/a/b", query: "?x=%2F&y=?" });
  assert.deepEqual(path("/?"), { kind: "path", path: "/", query: "?" });
});

test("the host of an absolute target overrides the Host field", () => {
  assert.deepEqual(path("http://shop.test:81/a?b"), {
    kind: "path",
    path: "/a",
    query: "?b",
    host: "shop.test:81",
  });
  assert.deepEqual(path("HTTP://shop.test"), { kind: "path", path: "/", query: "", host: "shop.test" });
  assert.deepEqual(path("http://shop.test?x=1"), {
    kind: "path",
    path: "/",
    query: "?x=1",
    host: "shop.test",
  });
});

test("the asterisk is for OPTIONS only", () => {
  assert.deepEqual(parseTarget("OPTIONS", "*"), { kind: "server" });
  assert.equal(parseTarget("GET", "*").kind, "bad");
});

test("refuses what two programs could read in two ways", () => {
  for (const target of [
    "",
    "a/b",
    "shop.test:80",
    "/a b",
    "/a\tb",
    "/a\u0000b",
    "/a\u00e9",
    "/a\\b",
    "/a#b",
    "/a%2Fb",
    "/a%2fb",
    "/a/..;/b",
    "/.;x=1/b",
    "/a/%2e.;v=1/b",
    "/a/..%3b/b",
    "/a/..%3Bx",
    "/a%5Cb",
    "/a%00b",
    "/a%",
    "/a%4",
    "/a%zz",
    "ftp://shop.test/a",
    "http:///a",
    "http://user:pw@shop.test/a",
    `/${"a".repeat(8_192)}`,
  ])
    assert.equal(parseTarget("GET", target).kind, "bad", target.slice(0, 40));
});

test("dot segments are resolved once, also when they are encoded", () => {
  for (const [before, after] of [
    ["/a/./b", "/a/b"],
    ["/a/../b", "/b"],
    ["/a/%2e%2E/b", "/b"],
    ["/a/b/..", "/a/"],
    ["/a/b/.", "/a/b/"],
    ["/a/.", "/a/"],
    ["/.", "/"],
    ["/a/...", "/a/..."],
    ["/.well-known/x", "/.well-known/x"],
    ["/a/..b/c.", "/a/..b/c."],
    ["/a;v=..;/b.;x/.c;/...;", "/a;v=..;/b.;x/.c;/...;"],
  ])
    assert.equal(normalisePath(before as string), after, before);
});

test("a path that climbs above its root is refused, not cut", () => {
  for (const target of ["/..", "/../a", "/a/../../b", "/%2e%2e/a", "/./../a"])
    assert.equal(parseTarget("GET", target).kind, "bad", target);
});

test("letters that need no encoding are decoded, hex digits become capitals, nothing else changes", () => {
  assert.equal(normalisePath("/%61%2Db%7e"), "/a-b~");
  assert.equal(normalisePath("/caf%c3%a9/%3f"), "/caf%C3%A9/%3F");
  assert.equal(normalisePath("//a///b/"), "//a///b/");
  assert.equal(normalisePath("/%2561"), "/%2561", "decoded once, never twice");
});

test("an encoded slash and a repeated one are read as the gateway is told", () => {
  const read = (
    path: string,
    encodedSlash: PathRules["encodedSlash"],
    slashes: PathRules["repeatedSlashes"],
  ) => {
    const target = parseTarget("GET", path, { encodedSlash, repeatedSlashes: slashes });
    return target.kind === "path" ? target.path : target.kind;
  };
  for (const [path, encodedSlash, slashes, expected] of [
    ["/a%2fb/c", "keep", "keep", "/a%2Fb/c"],
    ["/a%2fb/c", "decode", "keep", "/a/b/c"],
    ["/a%2fb/c", "reject", "merge", "bad"],
    ["/a%2f%2fb", "decode", "merge", "/a/b"],
    ["/x%2f..%2fadmin", "decode", "keep", "/admin"],
    ["/x/..%2f..%2fadmin", "decode", "keep", "bad"],
    ["/x/..%2fadmin", "keep", "keep", "bad"],
    ["/x%2f%2e%2e%2fadmin", "keep", "keep", "bad"],
    ["/x%2f..;/admin", "keep", "keep", "bad"],
    ["/x%2f..", "keep", "keep", "bad"],
    ["/x..%2f.well-known%2F...", "keep", "keep", "/x..%2F.well-known%2F..."],
    ["/x%252fy", "decode", "keep", "/x%252fy"],
    ["/a%5cb", "keep", "keep", "bad"],
    ["/a%00b", "decode", "keep", "bad"],
    ["//admin///x/?q=//", "keep", "merge", "/admin/x/"],
    ["//", "keep", "merge", "/"],
    ["/a//../b", "reject", "merge", "/b"],
    ["/a/%2e//b", "reject", "merge", "/a/b"],
    ["//admin", "keep", "reject", "bad"],
    ["/admin/?q=//", "keep", "reject", "/admin/"],
  ] as const)
    assert.equal(read(path, encodedSlash, slashes), expected, `${path} ${encodedSlash} ${slashes}`);
});

const rules = fc.record<PathRules>({
  encodedSlash: fc.constantFrom("reject", "keep", "decode"),
  repeatedSlashes: fc.constantFrom("keep", "merge", "reject"),
});

const parts = fc.constantFrom("a", "b", ".", "..", "", "%2e", "%41", "%c3%a9", "~", "x.y", "%25", "%2f");
const paths = fc.array(parts, { minLength: 1, maxLength: 8 }).map((list) => `/${list.join("/")}`);

test("normalising twice is normalising once, whatever the rules", () => {
  fc.assert(
    fc.property(paths, rules, (text, by) => {
      const once = normalisePath(text, by);
      if (typeof once !== "string") return;
      assert.equal(normalisePath(once, by), once);
      if (by.repeatedSlashes !== "keep") assert.ok(!once.includes("//"), once);
      if (by.encodedSlash !== "keep") assert.ok(!once.includes("%2F"), once);
      assert.ok(!once.split("/").includes(".."), once);
      assert.ok(!once.split("/").includes("."), once);
    }),
  );
});

test("agrees with the URL standard where that standard keeps the path", () => {
  fc.assert(
    fc.property(paths, (text) => {
      const ours = normalisePath(text);
      if (typeof ours !== "string" || ours.startsWith("//")) return;
      const url = new URL(`http://h${text}`).pathname;
      assert.equal(normalisePath(url), ours);
    }),
  );
});

test("never throws, whatever the target", () => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom("GET", "OPTIONS"), (target, method) => {
      const parsed = parseTarget(method, target);
      if (parsed.kind === "path") assert.ok(parsed.path.startsWith("/"));
    }),
  );
});

test("a target in its one form already is what the long way makes of it", () => {
  const part = fc.string({
    unit: fc.constantFrom(
      "a",
      "Z",
      "9",
      "-",
      ".",
      "~",
      "/",
      "?",
      "&",
      "=",
      "%41",
      "%2e",
      "%2F",
      "#",
      "\\",
      " ",
      "é",
    ),
    maxLength: 8,
  });
  fc.assert(
    fc.property(part, (text) => {
      // An encoded letter in front takes the long way and means the same.
      const short = parseTarget("GET", `/a${text}`);
      const long = parseTarget("GET", `/%61${text}`);
      assert.deepEqual(short, long);
    }),
    { numRuns: 2000 },
  );
});
