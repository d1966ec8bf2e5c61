import type { TestEvent } from "node:test/reporters";

/** What one run of node:test amounted to. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly string[];
}

/** The line that `parseTally` reads back. */
const mark = "tally ";

/**
 * A reporter for machines: one line of JSON when the run has ended. Suites are not counted, so that the sum over runs
 * is the number of claims checked; a cancelled test and a file that could not run are failures.
 */
async function* tally(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  let [passed, failed] = [0, 0];
  const skipped: string[] = [];
  for await (const { type, data } of events) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    if (data.details.type === "suite") continue;
    if (data.skip !== undefined && data.skip !== false) skipped.push(skipLine(data.name, data.skip));
    else if (data.todo !== undefined && data.todo !== false) skipped.push(`${data.name} (todo)`);
    else if (type === "test:pass") passed++;
    else failed++;
  }
  yield `${mark}${JSON.stringify({ passed, failed, skipped } satisfies Tally)}\n`;
}

/** Reads what the reporter wrote; undefined when the run died before it could. */
export function parseTally(text: string): Tally | undefined {
  const line = text.split("\n").find((l) => l.startsWith(mark));
  return line === undefined ? undefined : JSON.parse(line.slice(mark.length));
}

function skipLine(name: string, why: string | boolean): string {
  return typeof why === "string" ? `${name} (${why})` : name;
}

// biome-ignore lint/style/noDefaultExport: node:test takes a reporter as the default export of a module
export default tally;
