import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Diagnostic } from "../diagnostic.ts";
import { loadDocument } from "../index.ts";
import { Source } from "../source.ts";
import { renderDiagnostics } from "./frame.ts";
import { frame, problemAt } from "./problem-at.ts";
import { didYouMean } from "./suggest.ts";

function diagnostic(source: Source, start: number, end: number, more: Partial<Diagnostic> = {}): Diagnostic {
  return { code: "TSK_TEST", severity: "error", message: "is wrong", ...source.at({ start, end }), ...more };
}

function rendered(text: string, start: number, end: number, more: Partial<Diagnostic> = {}): string {
  const source = new Source("a.tsk", text);
  return renderDiagnostics([diagnostic(source, start, end, more)], new Map([["a.tsk", source]]));
}

test("a frame shows place, code, sentence, the line before, the line, and what is meant", () => {
  assert.equal(
    rendered("[gateway]\nport: eighty\n", 16, 22, { help: "write 80" }),
    [
      "a.tsk:2:7 error TSK_TEST is wrong",
      " 1 | [gateway]",
      " 2 | port: eighty",
      "   |       ^^^^^^",
      "  help: write 80",
      "",
    ].join("\n"),
  );
});

test("related places are listed", () => {
  const source = new Source("a.tsk", "a: 1\na: 2");
  const related = [{ ...source.at({ start: 0, end: 1 }), message: "first given here" }];
  assert.match(rendered("a: 1\na: 2", 5, 6, { related }), /\n {2}a\.tsk:1:1 first given here\n/);
});

test("the caret stays under its character behind tabs and past the end of the line", () => {
  assert.match(rendered("\tx: 1", 4, 5), /\n {3}\| \t {3}\^\n/);
  assert.match(rendered("a:", 2, 2), /\n {3}\| {3}\^\n/);
  assert.match(rendered("a: {\n  b\n}", 3, 10), /\n {3}\| {4}\^\n/);
});

test("a long line is shown around the place only", () => {
  const text = `a: "${"x".repeat(5000)}" ~`;
  const [, line, caret] = rendered(text, text.length - 1, text.length).split("\n");
  assert.ok(line !== undefined && line.length < 130 && line.endsWith("~"), line);
  assert.equal(caret?.indexOf("^"), line.length - 1);
});

test("control characters of a file never reach the terminal", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 40 }), fc.nat(40), (text, at) => {
      const start = Math.min(at, text.length);
      const out = rendered(text, start, text.length);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      assert.doesNotMatch(out, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
    }),
  );
});

test("colour is added only when asked for", () => {
  const source = new Source("a.tsk", "a: b");
  const sources = new Map([["a.tsk", source]]);
  const one = diagnostic(source, 3, 4);
  assert.ok(!renderDiagnostics([one], sources).includes("\u001b"));
  assert.ok(renderDiagnostics([one], sources, { colour: true }).includes("\u001b[31m"));
  assert.ok(
    renderDiagnostics([{ ...one, severity: "warning" }], sources, { colour: true }).includes("\u001b[33m"),
  );
});

test("a file that is not among the sources gets no frame", () => {
  const one = diagnostic(new Source("b.tsk", "a: b"), 3, 4);
  assert.equal(renderDiagnostics([one], new Map()), "b.tsk:1:4 error TSK_TEST is wrong\n");
});

const files: Readonly<Record<string, string>> = {
  "main.tsk": '[gateway]\nport: 8080\ntimeut: "30s"\n',
  "environment/prod.tsk": 'gateway.port: "eighty"\n',
};
const { document } = loadDocument({
  entry: "main.tsk",
  environment: "prod",
  readFile: (path) => files[path],
});

test("a problem of a schema points at the winner and lists what it overrides", () => {
  const found = { path: ["gateway", "port"], code: "FLEET_INVALID", message: "port must be a number" };
  const one = problemAt(document, found);
  assert.deepEqual([one.file, one.line, one.column, one.severity], ["environment/prod.tsk", 1, 15, "error"]);
  assert.deepEqual(
    one.related?.map((other) => [other.file, other.line, other.message]),
    [["main.tsk", 2, "overrides 8080"]],
  );
  assert.match(frame(document, found), /1 \| gateway\.port: "eighty"\n {3}\| {15}\^{8}\n/);
});

test("an unknown key is underlined itself", () => {
  const one = problemAt(document, {
    path: ["gateway", "timeut"],
    code: "X",
    message: "unknown",
    part: "key",
  });
  assert.deepEqual([one.line, one.column, one.end - one.start], [3, 1, 6]);
});

test("a missing key points at the key of its parent", () => {
  const one = problemAt(document, { path: ["gateway", "name"], code: "X", message: "required" });
  assert.deepEqual([one.file, one.line, one.column], ["main.tsk", 1, 2]);
  assert.equal(one.related, undefined);
});

test("a problem of a whole map points at its first piece, and no piece overrides another", () => {
  const one = problemAt(document, { path: ["gateway"], code: "X", message: "wrong" });
  assert.deepEqual([one.file, one.line], ["main.tsk", 1]);
  assert.equal(one.related, undefined);
});

test("a document of a file that does not exist still places a problem", () => {
  const empty = loadDocument({ entry: "no.tsk", readFile: () => undefined });
  assert.equal(problemAt(empty.document, { path: ["a"], code: "X", message: "required" }).line, 1);
});

test("a word is guessed from a third of its letters wrong, swaps counting once", () => {
  const words = ["timeout", "retries", "retry_attempts", "port", "path"];
  assert.equal(didYouMean("timout", words), "timeout");
  assert.equal(didYouMean("tiemout", words), "timeout");
  assert.equal(didYouMean("retryAttempts", words), "retry_attempts");
  assert.equal(didYouMean("prot", words), "port");
  assert.equal(didYouMean("ti–meout", words), "timeout");
  assert.equal(didYouMean("database", words), undefined);
  assert.equal(didYouMean("ab", ["ac"]), undefined);
  assert.equal(didYouMean("timeout", ["timeout"]), undefined);
});

test("the nearest candidate is guessed, whatever the order", () => {
  fc.assert(
    fc.property(
      fc.shuffledSubarray(["timeout", "timeouts", "time_out_ms"], { minLength: 3 }),
      (candidates) => {
        assert.equal(didYouMean("timeou", candidates), "timeout");
      },
    ),
  );
});
