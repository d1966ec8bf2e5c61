import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { plainDocument } from "../../../test/support/tsk-arbitrary.ts";
import { type Document, loadDocument, type Path, parsePath } from "../index.ts";

function load(text: string, env: Record<string, string> = {}, sets: string[] = []): Document {
  const { document, diagnostics } = loadDocument({
    entry: "main.tsk",
    readFile: (path) => (path === "main.tsk" ? text : undefined),
    env,
    sets,
  });
  assert.deepEqual(diagnostics, []);
  return document;
}

const place = (document: Document, path: Path, part?: "key" | "value"): string | undefined => {
  const at = document.locate(path, part);
  return at && `${at.line}:${at.column} ${at.exact}`;
};

test("the origin of every leaf points at text that spells its value", () => {
  fc.assert(
    fc.property(plainDocument, (data) => {
      const text = JSON.stringify(data, undefined, 2);
      const document = load(text);
      for (const [path, value] of leaves(data)) {
        const [origin] = document.origin(path);
        assert.ok(origin !== undefined, path.join("."));
        assert.deepEqual(JSON.parse(text.slice(origin.start, origin.end)), value);
        assert.equal(document.locate(path)?.start, origin.start);
      }
    }),
    { numRuns: 200 },
  );
});

test("a path is located at its value or at its key", () => {
  const document = load('[gateway]\nport: 8080\nhosts: ["a", "b"]\n"x y": { z: 1 }');
  assert.equal(place(document, ["gateway", "port"]), "2:7 true");
  assert.equal(place(document, ["gateway", "port"], "key"), "2:1 true");
  assert.equal(place(document, ["gateway", "hosts", 1]), "3:14 true");
  assert.equal(place(document, ["gateway", "x y", "z"]), "4:13 true");
  assert.equal(place(document, ["gateway"], "key"), "1:2 true");
  assert.equal(place(document, []), "1:1 true");
});

test("a path that is missing is located at its nearest parent", () => {
  const document = load("[gateway]\nport: 8080");
  assert.equal(place(document, ["gateway", "timeout"], "key"), "1:2 false");
  assert.equal(place(document, ["gateway", "port", "x"], "key"), "2:1 false");
  assert.equal(place(document, ["nothing", "here"]), "1:1 false");
});

test("the origin of a path that is missing is empty", () => {
  const document = load("a: 1");
  assert.deepEqual(document.origin(["b"]), []);
  assert.deepEqual(document.origin(["a", "b"]), []);
  assert.deepEqual(document.origin(["toString"]), []);
});

test("a long value is shown shortened, on one line", () => {
  const document = load(`a: "${"x".repeat(300)}"\nb: {\n  c: 1\n}`);
  assert.equal(document.origin(["a"])[0]?.text.length, 201);
  assert.equal(document.origin(["b"])[0]?.text, "{…");
});

test("keys come in the order written, also those that look like numbers", () => {
  const document = load("[m]\nz: 1\n404: 2\n1: 3\na: 4", {}, ["m.b=5"]);
  assert.deepEqual(document.keys(["m"]), ["z", "404", "1", "a", "b"]);
  assert.deepEqual(document.keys(["m", "z"]), []);
  assert.deepEqual(document.keys(["none"]), []);
});

test("text of @env remembers its variable, unless its default says which type it has", () => {
  const document = load('a: @env("A")\nb: @env("A", 1)\nc: @env("B", "2")\nd: "3"', { A: "9" });
  assert.equal(document.origin(["a"])[0]?.variable, "A");
  assert.equal(document.origin(["b"])[0]?.variable, undefined);
  assert.equal(document.origin(["c"])[0]?.variable, "B");
  assert.equal(document.origin(["d"])[0]?.variable, undefined);
});

test("text of @env is reread as the literal it spells when a schema asks for that", () => {
  const document = load('a: @env("A")\nlist: [@env("B"), { c: @env("A") }]\nd: "8080"', {
    A: "8080",
    B: "30s x",
  });
  const again = document.reread([["a"], ["list", 0], ["list", 1, "c"], ["d"], ["none"]]);
  assert.deepEqual(again.value, { a: 8080, list: ["30s x", { c: 8080 }], d: "8080" });
  assert.deepEqual(document.value, { a: "8080", list: ["30s x", { c: "8080" }], d: "8080" });
  assert.equal(again.origin(["a"])[0]?.line, 1);
});

test("a literal from outside is reread as the text it was", () => {
  const document = load("password: 1", { TUSKER__PASSWORD: "007_1" }, ["pin=1234", "wait=30s", "flag=true"]);
  assert.deepEqual(document.value, { password: "007_1", pin: 1234, wait: "30s", flag: true });
  const again = document.reread([["pin"], ["flag"]]);
  assert.deepEqual(again.value, { password: "007_1", pin: "1234", wait: "30s", flag: "true" });
});

test("where a boolean is wanted 1 and 0 from outside mean true and false, and nothing of the file does", () => {
  const text = 'a: @env("ONE")\nb: @env("ZERO")\nc: @env("TWO")\nd: 1\ne: "1"\nf: 2';
  const document = load(text, { ONE: " 1", ZERO: "0", TWO: "2", TUSKER__F: "0" }, ["g=1"]);
  const paths = ["a", "b", "c", "d", "e", "f", "g"].map((key) => [key]);
  assert.deepEqual(document.reread(paths, new Set(paths)).value, {
    ...{ a: true, b: false, c: 2, d: 1, e: "1", f: false, g: true },
  });
  assert.deepEqual(document.reread(paths).value, { a: 1, b: 0, c: 2, d: 1, e: "1", f: "0", g: "1" });
});

test("rereading what is fine as it is gives the same document", () => {
  const document = load("a: 1\nb: { c: true }");
  assert.equal(document.reread([["a"], ["b", "c"], ["b"], ["x"]]), document);
});

test("a path is read as it is written on a command line", () => {
  assert.deepEqual(parsePath("a.b-c.0"), ["a", "b-c", "0"]);
  assert.deepEqual(parsePath('routes."/api/*".timeout'), ["routes", "/api/*", "timeout"]);
  for (const text of ["", "a=1", "a b", ".a", "a.", "/x"]) assert.equal(parsePath(text), undefined, text);
});

function* leaves(data: unknown, path: (string | number)[] = []): Iterable<[(string | number)[], unknown]> {
  if (Array.isArray(data)) for (const [index, item] of data.entries()) yield* leaves(item, [...path, index]);
  else if (typeof data === "object" && data !== null)
    for (const [key, value] of Object.entries(data)) yield* leaves(value, [...path, key]);
  else yield [path, data];
}
