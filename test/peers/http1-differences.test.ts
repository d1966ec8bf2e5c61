/** One doubtful thing at a time through our engine, nginx, HAProxy and Node's server; the answers are a page of docs. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { type Doubt, doubts } from "../support/http1/doubtful.ts";
import { gatewayBefore } from "../support/http1/gateway.ts";
import { runCase } from "../support/http1/judge.ts";
import { type Referee, startReferee } from "../support/http1/referee.ts";
import { skipWithout } from "../support/peer-program.ts";
import { startHaproxy, startNginxProxy } from "../support/proxies.ts";

const page = resolve(import.meta.dirname, "../../docs/reference/http1-differences.md");

test("the page of differences says what every proxy does", {
  skip: skipWithout("nginx", "haproxy"),
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "tusker-differences-"));
  try {
    const rows = await measured(folder);
    const text = pageOf(rows);
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
  await using engine = await gatewayBefore(referee.port, { transport: "engine" });
  await using compat = await gatewayBefore(referee.port, { transport: "compat" });
  const plan = (name: string) => ({ folder: join(folder, name), originPort: referee.port });
  await using nginx = await startNginxProxy(plan("nginx"));
  await using haproxy = await startHaproxy(plan("haproxy"));
  const ports = [engine.server.port, nginx.port, haproxy.port, compat.server.port];
  const rows: Row[] = [];
  for (const doubt of doubts) {
    const outcomes = [];
    for (const port of ports) outcomes.push(await outcomeOf(doubt, port, referee));
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

function pageOf(rows: readonly Row[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const table = rows.map(({ doubt, outcomes }) => line([doubt.name, ...outcomes, doubt.why]));
  return `# Doubtful requests

What becomes of one doubtful thing in a request. "passed on" means that the origin got a request that is right by the
letter of the RFC; "passed on as it is", that it got what a strict reader refuses; a number, that the client was
refused with it; "closed", that its connection was closed without an answer. Made by \`npm run test:peers\` with the versions
\`npm run setup:peers\` installs; \`transport: "compat"\` is Node's parser behind the same gateway.

${line(["Request", "engine", "nginx", "HAProxy", "compat", "Why the engine does so"])}
${line(["---", "---", "---", "---", "---", "---"])}
${table.join("\n")}
`;
}
