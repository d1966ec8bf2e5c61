/**
 * kill -9 under concurrent writers, again and again on one database. After each round: what was answered is there,
 * what was not is there as a whole or not at all, no check-and-set won twice, and no index ever goes backwards.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type Random, seededRandom, systemClock } from "../../src/kernel/index.ts";
import { type HttpClient, httpClient } from "../../src/net/index.ts";
import { tuskerProcess } from "../support/tusker-process.ts";

const rounds = Number(process.env.TUSKER_CRASH_ROUNDS ?? 20);
const seed = Number(process.env.TUSKER_CRASH_SEED ?? 7);
const writers = 8;

/** What one writer knows of its own instance: nobody else writes it. */
interface Writer {
  readonly id: string;
  /** The last port that was answered with 200; 0: deregistered. */
  acknowledged: number;
  /** What was sent and never answered. */
  open: number | undefined;
}

interface Row {
  readonly Service: { readonly ID: string; readonly Port: number; readonly Meta: Record<string, string> };
  readonly Checks: readonly { readonly ServiceID: string }[];
}

async function ask(http: HttpClient, method: string, url: string, body?: object | number) {
  const answer = await http.request({
    method,
    url,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text(10_000_000);
  return { status: answer.status, text, index: Number(answer.header("x-consul-index")) };
}

async function write(http: HttpClient, url: string, writer: Writer, next: number): Promise<void> {
  writer.open = next;
  const path = next === 0 ? `deregister/${writer.id}` : "register";
  const body = { ID: writer.id, Name: "crash", Port: next, Meta: { port: `${next}` }, Check: { TTL: "1h" } };
  const said = await ask(http, "PUT", `${url}/v1/agent/service/${path}`, next === 0 ? undefined : body);
  assert.equal(said.status, 200, said.text);
  writer.acknowledged = next;
  writer.open = undefined;
}

/** A number that several count up, each by check-and-set over what it has just read. */
interface Counter {
  /** Increments that were answered with true. */
  acknowledged: number;
  /** Increments that were sent and never answered. */
  open: number;
}

async function countOn(http: HttpClient, url: string, counter: Counter): Promise<void> {
  const key = `${url}/v1/kv/counter`;
  for (;;) {
    try {
      const { value, index } = await readCounter(http, key);
      counter.open++;
      const said = await ask(http, "PUT", `${key}?cas=${index}`, value + 1);
      assert.equal(said.status, 200, said.text);
      counter.open--;
      if (said.text === "true") counter.acknowledged++;
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      return;
    }
  }
}

async function readCounter(http: HttpClient, key: string): Promise<{ value: number; index: number }> {
  const said = await ask(http, "GET", key);
  if (said.status === 404) return { value: 0, index: 0 };
  const [row] = JSON.parse(said.text) as { Value: string; ModifyIndex: number }[];
  return { value: Number(Buffer.from(row?.Value ?? "", "base64").toString()), index: row?.ModifyIndex ?? 0 };
}

/** Writes until the process is gone. */
async function writeOn(http: HttpClient, url: string, writer: Writer, random: Random): Promise<void> {
  for (;;) {
    try {
      await write(http, url, writer, random.next() < 0.2 ? 0 : 1 + random.below(60_000));
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      return;
    }
  }
}

test(`${rounds} rounds of kill -9 lose nothing that was answered (seed ${seed})`, async () => {
  const folder = mkdtempSync(join(tmpdir(), "tusker-crash-"));
  const random = seededRandom(seed);
  const known: Writer[] = Array.from({ length: writers }, (_, i) => ({
    id: `w${i}`,
    acknowledged: 0,
    open: undefined,
  }));
  const counter: Counter = { acknowledged: 0, open: 0 };
  let highest = 0;
  for (let round = 0; round <= rounds; round++) {
    await using http = httpClient();
    await using registry = tuskerProcess(["registry", "--json", "--port", "0", "--data-dir", folder], {
      cwd: folder,
    });
    const url = String((await registry.line((line) => typeof line.registry === "string")).registry);
    const said = await ask(http, "GET", `${url}/v1/health/service/crash`);
    assert.ok(said.index >= highest, `round ${round}: index ${said.index} after ${highest}`);
    const rows = JSON.parse(said.text) as Row[];
    for (const writer of known) {
      const row = rows.find(({ Service }) => Service.ID === writer.id);
      const found = row?.Service.Port ?? 0;
      const allowed = [writer.acknowledged, ...(writer.open === undefined ? [] : [writer.open])];
      assert.ok(allowed.includes(found), `round ${round}: ${writer.id} is ${found}, not one of ${allowed}`);
      // As a whole: the instance never without its check, nor with another one's metadata.
      if (row !== undefined) {
        assert.equal(row.Service.Meta.port, `${found}`);
        assert.equal(row.Checks.filter(({ ServiceID }) => ServiceID === writer.id).length, 1);
      }
      writer.acknowledged = found;
      writer.open = undefined;
    }
    const { value } = await readCounter(http, `${url}/v1/kv/counter`);
    const { acknowledged, open } = counter;
    assert.ok(
      value >= acknowledged && value <= acknowledged + open,
      `round ${round}: counted ${value}, answered ${acknowledged} and ${open} without an answer`,
    );
    Object.assign(counter, { acknowledged: value, open: 0 });
    if (round === rounds) break;
    const counting = Array.from({ length: 4 }, () => countOn(http, url, counter));
    const writing = [...known.map((writer) => writeOn(http, url, writer, random)), ...counting];
    await systemClock.sleep(20 + random.below(120));
    highest = Math.max(highest, (await ask(http, "GET", `${url}/v1/health/service/crash`)).index);
    await registry.end("SIGKILL");
    await Promise.all(writing);
  }
  rmSync(folder, { recursive: true });
});

test("a full disk stops writes with the file and the cause; what is safe is answered, and is there afterwards", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tusker-full-"));
  const bin = new URL("../../bin/tusker.js", import.meta.url).pathname;
  // The system refuses to let a file of this process grow past 64 KiB; without the trap it would end the process.
  const limited = ["sh", "-c", `trap '' XFSZ; ulimit -f 128; exec "$@"`, "sh", process.execPath, bin];
  const args = ["registry", "--json", "--port", "0", "--data-dir", folder];
  await using http = httpClient();
  await using small = tuskerProcess(args, { cwd: folder, command: limited });
  const url = String((await small.line((line) => typeof line.registry === "string")).registry);
  const register = (name: string) =>
    ask(http, "PUT", `${url}/v1/agent/service/register`, { Name: name, Meta: { fill: "x".repeat(400) } });
  const answered: string[] = [];
  for (let i = 0; i < 200; i++) {
    const said = await register(`s${i}`);
    if (said.status === 200) {
      answered.push(`s${i}`);
      continue;
    }
    assert.equal(said.status, 500);
    assert.match(said.text, /cannot write to .*registry\.db .*refuses writes until/);
    break;
  }
  assert.ok(answered.length < 200, "the disk was full at some point");
  assert.equal((await register("late")).status, 500);
  assert.equal((await ask(http, "GET", `${url}/v1/health/service/${answered[0]}`)).status, 200);
  assert.equal((await ask(http, "GET", `${url}/v1/status/leader`)).status, 200);
  assert.equal(
    (await ask(http, "GET", `${url}/v1/catalog/services`)).status,
    500,
    "it would show what is not safe",
  );
  await small.end();
  await using roomy = tuskerProcess(args, { cwd: folder });
  const again = String((await roomy.line((line) => typeof line.registry === "string")).registry);
  const found = JSON.parse((await ask(http, "GET", `${again}/v1/catalog/services`)).text) as object;
  assert.deepEqual(Object.keys(found).sort(), answered.sort());
  rmSync(folder, { recursive: true });
});
