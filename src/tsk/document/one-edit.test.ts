import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../syntax/limits.ts";
import { loadDocument } from "./load.ts";
import type { LoadOptions } from "./options.ts";

function told(text: string, options: Partial<LoadOptions> = {}): readonly string[] {
  const readFile = (path: string): string | undefined => (path === "main.tsk" ? text : undefined);
  return loadDocument({ entry: "main.tsk", readFile, ...options }).diagnostics.map(
    ({ line, code, related = [] }) =>
      [`${line} ${code}`, ...related.map((one) => String(one.line))].join(" "),
  );
}

const moved = `a: {
  x: 1
  y: 2
b: {
}
  x: 1
  y: 2
}
`;
const pasted = `#!tusker 1
limitrate + 2s: { rate: 100 }
most: limits.rate
`;

test("lines that changed places are one mistake, told next to them", () => {
  assert.deepEqual(told(moved).length, 1);
});

test("what is pasted into the middle of a name is one mistake with the places that use the name", () => {
  assert.deepEqual(told(pasted), ["2 TSK_EXPECTED 3"]);
  assert.equal(told(pasted, { causes: "file" }).length, 2);
});

test("a mistake of its own is told beside the one that an edit removes", () => {
  const both = told(`${pasted}port: nowhere\n`);
  assert.deepEqual(both, ["2 TSK_EXPECTED 3", "4 TSK_UNKNOWN_NAME"]);
});

test("a text that nobody writes by hand is read once", () => {
  const long = pasted + "# as good as nothing\n".repeat(limits.laidOut / 20);
  assert.equal(told(long).length, 2);
});

test("a host is not asked again for what one edit may repair", () => {
  let asked = 0;
  const vault = { scheme: "vault", class: "local" as const, read: (): string => String(++asked) };
  told(`${pasted}key: @secret("vault:key")\n`, { secrets: [vault] });
  assert.equal(asked, 1);
});
