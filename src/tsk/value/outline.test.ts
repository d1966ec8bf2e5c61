import assert from "node:assert/strict";
import { test } from "node:test";
import { Source } from "../source.ts";
import { parse } from "../syntax/parse.ts";
import { outline } from "./outline.ts";

function codes(text: string, left: number): readonly string[] {
  const source = new Source("a.tsk", text);
  const found: string[] = [];
  const maps = { left };
  outline(source, parse(source).items, {
    report: (one) => found.push(`${one.line} ${one.code}`),
    include: () => [],
    maps,
  });
  return found;
}

test("labels, dotted keys and headers make so many maps and no more, which is told once", () => {
  const text = 'a "b" "c" {}\nd.e: 1\n[f.g]\nh: 1\ni.j: 1\n';
  assert.deepEqual(codes(text, 7), []);
  assert.deepEqual(codes(text, 6), ["5 TSK_TOO_LARGE"]);
  assert.deepEqual(codes(text, 2), ["1 TSK_TOO_LARGE"]);
});

test("a map that is opened again is not made again", () =>
  assert.deepEqual(codes("[a]\nx.y: 1\n[a]\nx.z: 1\n", 2), []));
