/** docs/reference/net.md says what the code does: every limit with its default, its answer and the name it is counted by. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { clientLimitsFrom } from "./http1/client/limits.ts";
import { chunkExtensionsTooLong, headTooLarge, targetTooLong, tooManyFields } from "./http1/codec/clauses.ts";
import { defaultMaxConnections, limitNames, limitsFrom } from "./http1/limits.ts";

const page = readFileSync(new URL("../../docs/reference/net.md", import.meta.url), "utf8");

/** The rows of the table below a heading, cell by cell, without marks. */
function rowsBelow(heading: string): string[][] {
  const from = page.indexOf(`## ${heading}\n`);
  assert.ok(from >= 0, heading);
  const part = page.slice(from, page.indexOf("\n## ", from + 1));
  return [...part.matchAll(/^\| (.*) \|$/gm)]
    .map(([, row = ""]) => row.replaceAll("`", "").split(" | "))
    .slice(1);
}

/** "32 KiB", "10,000" and "1,024 a second" as numbers; several of them for several options. */
function numbersIn(cell: string): number[] {
  return [...cell.matchAll(/([\d,]*\d)( KiB)?/g)].map(
    ([, digits = "", unit]) => Number(digits.replaceAll(",", "")) * (unit === undefined ? 1 : 1024),
  );
}

function optionsIn(rows: readonly (readonly string[])[]): Record<string, number | undefined> {
  return Object.fromEntries(
    rows
      .filter(([option]) => option !== "–")
      .flatMap(([option = "", value = ""]) => {
        const numbers = numbersIn(value);
        return option.split(", ").map((name, i) => [name, numbers[i]]);
      }),
  );
}

test("every limit of a server is there with its default", () => {
  assert.deepEqual(optionsIn(rowsBelow("What a client may do to a server")), {
    maxConnections: defaultMaxConnections,
    ...limitsFrom({}),
  });
});

test("every limit is there by the name it is counted by, and with the status it is answered with", () => {
  const rows = rowsBelow("What a client may do to a server");
  const named = new Map(rows.filter((row) => row[4] !== "–").map((row) => [row[4], row[3] ?? ""]));
  assert.deepEqual([...named.keys()].sort(), [...limitNames].sort());
  for (const [name, { status }] of [
    ["head_bytes", headTooLarge(1)],
    ["headers", tooManyFields(1)],
    ["target_bytes", targetTooLong(1)],
    ["chunk_extensions", chunkExtensionsTooLong(1)],
  ] as const)
    assert.match(named.get(name) ?? "", new RegExp(`^${status}\\b`), name);
});

test("every limit of a client is there with its default", () => {
  const { headTimeoutMs, ...told } = optionsIn(rowsBelow("What an origin may do to a client"));
  assert.deepEqual(told, { ...clientLimitsFrom({}) });
  assert.equal(headTimeoutMs, 30_000);
});
