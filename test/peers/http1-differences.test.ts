/** One doubtful thing at a time through our engine, nginx, HAProxy and Node's server; the answers are a page of docs. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { runAnswer } from "../support/http1/answer-judge.ts";
import { type Doubt, doubts } from "../support/http1/doubtful.ts";
import { doubtfulAnswers } from "../support/http1/doubtful-answers.ts";
import { gatewayBefore } from "../support/http1/gateway.ts";
import { runCase } from "../support/http1/judge.ts";
import { type Referee, startReferee } from "../support/http1/referee.ts";
import { valuesOf } from "../support/http1/reference.ts";
import { type ScriptedOrigin, startScriptedOrigin } from "../support/http1/scripted-origin.ts";
import { skipWithout } from "../support/peer-program.ts";
import { startHaproxy, startNginxProxy } from "../support/proxies.ts";

const page = resolve(import.meta.dirname, "../../docs/reference/http1-differences.md");

test("the page of differences says what every proxy does", {
  skip: skipWithout("nginx", "haproxy"),
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "tusker-differences-"));
  try {
    const text = pageOf(await measured(folder), await measuredAnswers(folder));
    if (process.env.UPDATE_GOLDEN === "1") writeFileSync(page, text);
    assert.equal(readFileSync(page, "utf8"), text);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

interface Row {
  readonly doubt: Doubt;
  readonly outcomes: readonly string[];
}

async function measured(folder: string): Promise<Row[]> {
  await using referee = await startReferee();
  return await rowsOf(doubts, join(folder, "requests"), referee.port, (doubt, port) =>
    outcomeOf(doubt, port, referee),
  );
}

async function measuredAnswers(folder: string): Promise<Row[]> {
  await using origin = await startScriptedOrigin();
  return await rowsOf(doubtfulAnswers, join(folder, "answers"), origin.port, (doubt, port) =>
    outcomeOfAnswer(doubt, port, origin),
  );
}

/** What each proxy before an origin makes of each doubt. */
async function rowsOf(
  all: readonly Doubt[],
  folder: string,
  originPort: number,
  outcome: (doubt: Doubt, port: number) => Promise<string>,
): Promise<Row[]> {
  await using engine = await gatewayBefore(originPort, { transport: "engine" });
  await using compat = await gatewayBefore(originPort, { transport: "compat" });
  const plan = (name: string) => ({ folder: join(folder, name), originPort });
  await using nginx = await startNginxProxy(plan("nginx"));
  await using haproxy = await startHaproxy(plan("haproxy"));
  const ports = [engine.server.port, nginx.port, haproxy.port, compat.server.port];
  const rows: Row[] = [];
  for (const doubt of all) {
    const outcomes = [];
    for (const port of ports) outcomes.push(await outcome(doubt, port));
    rows.push({ doubt, outcomes });
  }
  return rows;
}

async function outcomeOf(doubt: Doubt, port: number, referee: Referee): Promise<string> {
  const text = doubt.bytes.replace("$case", "X-Case: d.0");
  const bytes = Buffer.from(text, "latin1");
  const before = referee.faults.length;
  const { statuses, forwarded } = await runCase(port, referee, { id: "d", bytes }, { quietMs: 150 });
  const faulty = referee.faults.length > before;
  if (faulty) return "passed on as it is";
  return forwarded > 0 ? "passed on" : (statuses[0]?.toString() ?? "closed");
}

let asked = 0;

async function outcomeOfAnswer(doubt: Doubt, port: number, origin: ScriptedOrigin): Promise<string> {
  const id = `d${asked++}`;
  const bytes = Buffer.from(doubt.bytes.replace("$echo", `X-Echo: ${id}.0`), "latin1");
  const { answers, end, faults } = await runAnswer(
    port,
    origin,
    { id, method: "GET", bytes },
    { quietMs: 150 },
  );
  const [first] = answers.filter(({ start }) => Number(start[1]) >= 200);
  if (end === "malformed" || faults.some(({ kind }) => kind === "foreign")) return "passed on as it is";
  if (first === undefined) return end === "incomplete" ? "broken off" : "closed";
  return valuesOf(first.fields, "x-echo").length > 0 ? "passed on" : (first.start[1] ?? "");
}

function pageOf(requests: readonly Row[], answers: readonly Row[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const table = (what: string, rows: readonly Row[]): string =>
    [
      line([what, "engine", "nginx", "HAProxy", "compat", "Why the engine does so"]),
      line(Array.from({ length: 6 }, () => "---")),
      ...rows.map(({ doubt, outcomes }) => line([doubt.name, ...outcomes, doubt.why])),
    ].join("\n");
  return `# Doubtful requests and answers

What becomes of one doubtful thing in a request. "passed on" means that the origin got a request that is right by the
letter of the RFC; "passed on as it is", that it got what a strict reader refuses; a number, that the client was
refused with it; "closed", that its connection was closed without an answer. Made by \`npm run test:peers\` with the versions
\`npm run setup:peers\` installs; \`transport: "compat"\` is Node's parser behind the same gateway.

${table("Request", requests)}

## Doubtful answers

The same of answers. "passed on" means that the client got an answer that is right by the letter of the RFC; "passed on
as it is", that it got bytes a strict reader refuses or takes for the answer to its next request; "broken off", that its
connection was closed within the answer; a number, that the proxy answered in its place.

${table("Answer", answers)}
`;
}
