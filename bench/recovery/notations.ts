import { type ParseError, parse as parseJson, printParseErrorCode } from "jsonc-parser";
import { stringify as asToml, parse as parseToml, TomlError } from "smol-toml";
import { stringify as asYaml, parseDocument } from "yaml";
import { type Diagnostic, loadDocument } from "../../src/tsk/index.ts";
import type { Judged } from "../../test/support/slips/judge.ts";
import { largeTexts } from "../../test/support/slips/large.ts";

/** Fleets of 100 to 400 lines, written for each tool, and what that tool says of a text: its errors of syntax. */
export function writtenFor(count: number, seed: number): Readonly<Record<string, readonly Judged[]>> {
  const fleets = largeTexts(count, seed).map(({ name, text }) => ({ name, text, value: dataOf(text) }));
  const of = (write: (value: unknown) => string, judge: Judged["judge"]): readonly Judged[] =>
    fleets.map(({ name, value }) => ({ name, text: write(value), judge }));
  return {
    tusker: fleets.map(({ name, text }) => ({ name, text, judge: ours })),
    yaml: of((value) => asYaml(value), byYaml),
    "jsonc-parser": of((value) => `${JSON.stringify(value, undefined, 2)}\n`, byJson),
    "smol-toml": of((value) => asToml(value), byToml),
  };
}

function ours(text: string): readonly Diagnostic[] {
  const { diagnostics } = loaded(text);
  return diagnostics.filter((one) => one.severity === "error");
}

function dataOf(text: string): unknown {
  return loaded(text).document.value;
}

function loaded(text: string): ReturnType<typeof loadDocument> {
  return loadDocument({ entry: "fleet.tsk", readFile: (path) => (path === "fleet.tsk" ? text : undefined) });
}

function byYaml(text: string): readonly Diagnostic[] {
  return parseDocument(text, { prettyErrors: false }).errors.map(({ pos: [start, end], code, message }) =>
    at(text, start, end, { code, message }),
  );
}

function byJson(text: string): readonly Diagnostic[] {
  const errors: ParseError[] = [];
  parseJson(text, errors, { allowTrailingComma: true });
  return errors.map(({ error, offset, length }) =>
    at(text, offset, offset + length, { code: printParseErrorCode(error), message: "" }),
  );
}

/** It stops at the first. */
function byToml(text: string): readonly Diagnostic[] {
  try {
    parseToml(text);
    return [];
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const lines = text.split("\n").slice(0, error.line - 1);
    const start = lines.join("\n").length + Math.min(1, lines.length) + error.column - 1;
    return [at(text, start, start, { code: "TOML", message: error.message })];
  }
}

function at(
  text: string,
  start: number,
  end: number,
  { code, message }: { readonly code: string; readonly message: string },
): Diagnostic {
  const before = text.slice(0, start).split("\n");
  const column = (before.at(-1)?.length ?? 0) + 1;
  return { code, severity: "error", message, file: "fleet", line: before.length, column, start, end };
}
