import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nearlyTsk } from "../../../test/support/tsk-arbitrary.ts";
import { Source, type Span } from "../source.ts";
import { limits } from "./limits.ts";
import { parse, parseLonePath, parseLoneValue } from "./parse.ts";
import { type Item, print, type Tree, type Value } from "./tree.ts";

const codesOf = (text: string): string[] => parse(text).diagnostics.map((one) => one.code);

test("printing a tree gives the text back, whatever the text", () => {
  fc.assert(
    fc.property(nearlyTsk, (text) => {
      assert.equal(print(parse(text)), text);
    }),
    { numRuns: 500 },
  );
});

test("parsing never throws, and every problem lies inside the text", () => {
  fc.assert(
    fc.property(nearlyTsk, (text) => {
      for (const one of parse(text).diagnostics) {
        assert.ok(
          one.start >= 0 && one.start <= one.end && one.end <= text.length,
          `${one.start}-${one.end}`,
        );
        assert.ok(one.line >= 1 && one.column >= 1);
      }
    }),
    { numRuns: 500 },
  );
});

test("every node lies inside its parent and on the edges of tokens", () => {
  fc.assert(
    fc.property(nearlyTsk, (text) => {
      const tree = parse(text);
      if (tree.diagnostics.length > 0) return;
      const edges = tokenEdges(tree);
      for (const item of tree.items) checkNode(item, { start: 0, end: text.length }, edges);
    }),
    { numRuns: 500 },
  );
});

test("a problem is reported once per place", () => {
  fc.assert(
    fc.property(nearlyTsk, (text) => {
      const places = parse(text).diagnostics.map((one) => `${one.start} ${one.code}`);
      assert.equal(new Set(places).size, places.length);
    }),
  );
});

test("line ends may be LF or CRLF; a byte order mark may stand first", () => {
  const lines = ["[a]", "x: 1 # one", 'y: "two"', "z: [", "  3", "  4", "]", ""];
  const unix = parse(lines.join("\n"));
  const windows = parse(`\ufeff${lines.join("\r\n")}`);
  assert.deepEqual(windows.diagnostics, []);
  assert.deepEqual(windows.items.map(shape), unix.items.map(shape));
});

test("a lone carriage return is white space, as in JSON, but ends no line", () => {
  assert.deepEqual(codesOf('{\r"a":\r1\r,\r"b": [2\r]\r}\r'), []);
  assert.deepEqual(codesOf("a: 1\rb: 2"), ["TSK_SEPARATOR"]);
});

test("a byte order mark inside is no white space", () =>
  assert.deepEqual(codesOf("a: \ufeff1"), ["TSK_CHARACTER"]));

test("a text of more words and signs than a document may have is refused whole; white space does not count", () => {
  const signs = limits.tokens;
  assert.deepEqual(codesOf(`# ${"x".repeat(10)}\n`.repeat(10) + "\n".repeat(signs)), []);
  const most = "[a]\n".repeat(Math.floor(signs / 3));
  const tree = parse(`${most}${"[a]".repeat(2)}`);
  assert.deepEqual([tree.diagnostics.map((one) => one.code), tree.items.length], [["TSK_TOO_LARGE"], 0]);
  assert.equal(print(tree), tree.source.text);
});

test("a text of more than 16 MiB is refused whole, and still printed back", () => {
  const text = "#".repeat(limits.text + 1);
  const tree = parse(text);
  assert.deepEqual(
    tree.diagnostics.map((one) => one.code),
    ["TSK_TOO_LARGE"],
  );
  assert.equal(print(tree).length, text.length);
  assert.deepEqual(tree.items, []);
});

test("nesting is limited to 256 levels, reported once", () => {
  const nested = (depth: number): string => `a: ${"[".repeat(depth)}${"]".repeat(depth)}`;
  assert.deepEqual(codesOf(nested(256)), []);
  for (const text of [
    nested(257),
    `a: ${"(".repeat(9999)}`,
    `a: ${"{a:".repeat(9999)}`,
    `a: ${"1?".repeat(9999)}`,
  ])
    assert.deepEqual(codesOf(text), ["TSK_TOO_DEEP"]);
});

test("at most 200 problems of one file are kept", () => {
  assert.equal(parse("a: x y\n".repeat(1000)).diagnostics.length, limits.diagnostics);
});

test("reading goes on behind each problem", () => {
  const tree = parse('#!tusker 1\na: 1 2\nb: "open\nc: \nd: ]\ne: ok ok\nf: 1');
  assert.deepEqual(
    tree.diagnostics.map((one) => [one.line, one.code]),
    [
      [2, "TSK_UNQUOTED"],
      [3, "TSK_STRING_OPEN"],
      [4, "TSK_EMPTY_VALUE"],
      [5, "TSK_EMPTY_VALUE"],
      [6, "TSK_UNQUOTED"],
    ],
  );
  const last = tree.items.at(-1);
  assert.ok(last?.kind === "entry" && last.value.kind === "literal" && last.value.value === 1);
});

test("a lone value is one value and nothing else", () => {
  const read = (text: string): Value | undefined => parseLoneValue(new Source("", `x=${text}`), 2);
  assert.equal(read("8080")?.kind, "literal");
  assert.equal(read("[1, 2]")?.kind, "array");
  assert.equal(read("30s")?.start, 2);
  for (const text of ["", "1 2", "1.0.0", '"open', "a b", "]", "}"])
    assert.equal(read(text), undefined, text);
});

test("a lone path ends at the text's end or at an equals sign", () => {
  const read = (text: string): unknown => {
    const found = parseLonePath(new Source("", text));
    return found === undefined ? undefined : [found.path.map((key) => key.name).join("|"), found.end];
  };
  assert.deepEqual(read("a.b"), ["a|b", undefined]);
  assert.deepEqual(read('routes."/api/*".timeout=5s'), ["routes|/api/*|timeout", 24]);
  assert.deepEqual(read("a==b"), ["a", 2]);
  assert.deepEqual(read("a.1.5=x"), ["a|1|5", 6]);
  assert.deepEqual(read('a=unfinished "'), ["a", 2]);
  for (const text of ["", "=1", "a b=1", "/x=1", "a.=1", '"open=1'])
    assert.equal(read(text), undefined, text);
});

function tokenEdges(tree: Tree): Set<number> {
  const edges = new Set([0]);
  for (let index = 0; index < tree.tokens.count; index++) edges.add(tree.tokens.end(index));
  return edges;
}

type Node = Span & Readonly<Record<string, unknown>>;

function checkNode(node: Item | Value, parent: Span, edges: ReadonlySet<number>): void {
  assert.ok(node.start >= parent.start && node.end <= parent.end, `${node.kind} leaves its parent`);
  assert.ok(edges.has(node.start) && edges.has(node.end), `${node.kind} cuts a token`);
  for (const inner of childNodes(node)) checkNode(inner, node, edges);
}

function childNodes(node: Item | Value): (Item | Value)[] {
  // A step of a path may be part of a token: `a.1.2` ends in a float.
  if (node.kind === "member") return [node.object];
  const record: Node = { ...node };
  return Object.values(record)
    .flatMap((field) => (Array.isArray(field) ? field : [field]))
    .filter(isNode);
}

function isNode(value: unknown): value is Item | Value {
  return typeof value === "object" && value !== null && "kind" in value && "start" in value;
}

/** A node without its place. */
function shape(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(shape);
  if (typeof node !== "object" || node === null) return node;
  return Object.fromEntries(
    Object.entries(node)
      .filter(([key]) => key !== "start" && key !== "end")
      .map(([key, value]) => [key, shape(value)]),
  );
}
