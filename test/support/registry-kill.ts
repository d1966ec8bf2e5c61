/**
 * Kills a registry again and again under concurrent clients, on one folder, and judges what they saw: for every key,
 * lock, instance and pair of keys there must be an order of operations that explains every answer of a round and what
 * is found after the restart. Clients hear nothing of what was under way at the kill; all else must be there.
 */
import assert from "node:assert/strict";
import { type Random, seededRandom, systemClock } from "../../src/kernel/index.ts";
import { type HttpClient, httpClient } from "../../src/net/index.ts";
import {
  type KeyOp,
  type KeyResult,
  keyModel,
  type LockOp,
  type LockResult,
  linearizable,
  lockModel,
  type Operation,
} from "./linearizable.ts";
import { type TuskerProcess, tuskerProcess } from "./tusker-process.ts";

export interface KillRounds {
  readonly folder: string;
  readonly rounds: number;
  readonly seed: number;
  /** What is done to the registry in the middle of each round; default: SIGKILL. Must leave it ended. */
  readonly end?: (registry: TuskerProcess, random: Random) => Promise<void>;
}

export interface KillReport {
  readonly operations: number;
  /** Sent, and never answered. */
  readonly unheard: number;
}

const clients = 8;
const keys = ["k0", "k1", "k2", "k3"];
const instances = ["i0", "i1"];
const pair = "pair";
const lock = "lock";

/** @throws AssertionError with the history that cannot be explained */
export async function killRounds(options: KillRounds): Promise<KillReport> {
  const random = seededRandom(options.seed);
  let report: KillReport = { operations: 0, unheard: 0 };
  let sessions: readonly string[] = [];
  let [before, history]: [Seen, History] = [{ values: new Map(), index: 0 }, new History()];
  // The last start only judges the round before it.
  for (let round = 0; round <= options.rounds; round++) {
    await using http = httpClient();
    await using registry = startRegistryProcess(options.folder);
    const url = await urlOf(registry);
    const found = await lookAround(http, url);
    history.judge(before, found, `round ${round}, seed ${options.seed}`);
    report = {
      operations: report.operations + history.operations,
      unheard: report.unheard + history.unheard,
    };
    if (round === options.rounds) break;
    [before, history] = [found, new History()];
    if (sessions.length === 0) sessions = await makeSessions(http, url);
    const running = sessions.map((session) => client({ http, url, history, random, session }));
    await systemClock.sleep(20 + random.below(120));
    await (options.end ?? kill)(registry, random);
    await Promise.all(running);
  }
  return report;
}

async function kill(registry: TuskerProcess): Promise<void> {
  await registry.end("SIGKILL");
}

function startRegistryProcess(folder: string): TuskerProcess {
  return tuskerProcess(["registry", "--json", "--port", "0", "--data-dir", folder], { cwd: folder });
}

async function urlOf(registry: TuskerProcess): Promise<string> {
  // A long run is often the one that yields to everybody else on its machine.
  return String((await registry.line((line) => typeof line.registry === "string", 120_000)).registry);
}

/** What is there when nobody writes; "" for what is not. */
interface Seen {
  readonly values: ReadonlyMap<string, string>;
  /** The highest index any answer bore. */
  readonly index: number;
}

async function lookAround(http: HttpClient, url: string): Promise<Seen> {
  const values = new Map<string, string>();
  let highest = 0;
  for (const name of [...keys, lock, pair, ...instances]) {
    const { value, index } = await read(http, url, name);
    values.set(name, value);
    highest = Math.max(highest, index);
  }
  return { values, index: highest };
}

/** Everything that was done in a round, by what it was done to. */
class History {
  readonly #keys = new Map<string, Operation<KeyOp, KeyResult>[]>();
  readonly #lock: Operation<LockOp, LockResult>[] = [];
  #now = 0;
  #highest = 0;
  operations = 0;
  unheard = 0;

  /** Notes a call and its answer; one that fails was never heard of, and its failure is the caller's. */
  async key(name: string, op: KeyOp, ask: () => Promise<KeyResult>): Promise<KeyResult> {
    const list = this.#keys.get(name) ?? [];
    this.#keys.set(name, list);
    return await this.#note(list, op, ask);
  }

  async lock(op: LockOp, ask: () => Promise<LockResult>): Promise<LockResult> {
    return await this.#note(this.#lock, op, ask);
  }

  /** An index that was answered. */
  saw(index: number): void {
    this.#highest = Math.max(this.#highest, index);
  }

  /** @throws AssertionError */
  judge(before: Seen, after: Seen, when: string): void {
    assert.ok(after.index >= Math.max(before.index, this.#highest), `${when}: an index went backwards`);
    const end = { calledAt: this.#now + 1, op: { kind: "read" } } as const;
    const at = this.#now + 2;
    for (const [name, list] of this.#keys) {
      const result = after.values.get(name) ?? "";
      const whole = [...list, { ...end, returned: { at, result } }];
      const model = keyModel(before.values.get(name) ?? "");
      assert.ok(
        linearizable(model, whole),
        `${when}: no order explains ${name}\n${told(before, name, whole)}`,
      );
    }
    const whole = [...this.#lock, { ...end, returned: { at, result: after.values.get(lock) ?? "" } }];
    const model = lockModel(before.values.get(lock) ?? "");
    assert.ok(
      linearizable(model, whole),
      `${when}: no order explains the lock\n${told(before, lock, whole)}`,
    );
  }

  async #note<Op, Result>(
    list: Operation<Op, Result>[],
    op: Op,
    ask: () => Promise<Result>,
  ): Promise<Result> {
    const place = list.length;
    const calledAt = ++this.#now;
    list.push({ op, calledAt });
    this.operations++;
    this.unheard++;
    const result = await ask();
    list[place] = { op, calledAt, returned: { at: ++this.#now, result } };
    this.unheard--;
    return result;
  }
}

function told(before: Seen, name: string, history: readonly Operation<unknown, unknown>[]): string {
  const lines = history.map(
    ({ op, calledAt, returned }) =>
      `${calledAt}–${returned?.at ?? "?"} ${JSON.stringify(op)} → ${returned === undefined ? "unheard" : JSON.stringify(returned.result)}`,
  );
  return [`at first: ${JSON.stringify(before.values.get(name) ?? "")}`, ...lines].join("\n");
}

interface Client {
  readonly http: HttpClient;
  readonly url: string;
  readonly history: History;
  readonly random: Random;
  readonly session: string;
}

let written = 0;

/** Does one thing after the other until the registry is gone. */
async function client(self: Client): Promise<void> {
  /** What it read last of a key: what a check-and-set goes by. */
  const read = new Map<string, { value: string; index: number }>();
  try {
    for (;;)
      await oneOf(self.random, [keyStep, keyStep, keyStep, lockStep, instanceStep, pairStep])(self, read);
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
  }
}

type Read = Map<string, { value: string; index: number }>;

async function keyStep({ http, url, history, random }: Client, known: Read): Promise<void> {
  const name = oneOf(random, keys);
  const value = `v${++written}`;
  const what = random.next();
  if (what < 0.3) {
    await history.key(name, { kind: "read" }, async () => {
      const found = await read(http, url, name);
      const before = known.get(name)?.index ?? 0;
      assert.ok(found.index >= before, `the index of ${name} went from ${before} back to ${found.index}`);
      known.set(name, { value: found.value, index: found.index });
      history.saw(found.index);
      return found.value;
    });
    return;
  }
  const last = known.get(name);
  if (what < 0.7 && last !== undefined) {
    const index = last.value === "" ? 0 : last.index;
    await history.key(name, { kind: "cas", over: last.value, value }, async () =>
      answered(await ask(http, "PUT", `${url}/v1/kv/${name}?cas=${index}`, value)),
    );
    return;
  }
  const gone = what > 0.9;
  await history.key(name, { kind: "write", value: gone ? "" : value }, async () => {
    const said = gone
      ? await ask(http, "DELETE", `${url}/v1/kv/${name}`)
      : await ask(http, "PUT", `${url}/v1/kv/${name}`, value);
    assert.equal(answered(said), true);
    return "ok";
  });
}

async function lockStep({ http, url, history, random, session }: Client): Promise<void> {
  if (random.next() < 0.2) {
    await history.lock({ kind: "read" }, async () => (await read(http, url, lock)).value);
    return;
  }
  const kind = random.next() < 0.5 ? "acquire" : "release";
  await history.lock({ kind, session }, async () =>
    answered(await ask(http, "PUT", `${url}/v1/kv/${lock}?${kind}=${session}`, session)),
  );
}

async function instanceStep({ http, url, history, random }: Client): Promise<void> {
  const name = oneOf(random, instances);
  if (random.next() < 0.3) {
    await history.key(name, { kind: "read" }, async () => (await read(http, url, name)).value);
    return;
  }
  const port = random.next() < 0.3 ? 0 : 1 + (++written % 60_000);
  await history.key(name, { kind: "write", value: port === 0 ? "" : `${port}` }, async () => {
    const body = { ID: name, Name: "kill", Port: port, Meta: { port: `${port}` }, Check: { TTL: "1h" } };
    const said =
      port === 0
        ? await ask(http, "PUT", `${url}/v1/agent/service/deregister/${name}`)
        : await ask(http, "PUT", `${url}/v1/agent/service/register`, JSON.stringify(body));
    assert.equal(said.status, 200, said.text);
    return "ok";
  });
}

async function pairStep({ http, url, history, random }: Client): Promise<void> {
  if (random.next() < 0.4) {
    await history.key(pair, { kind: "read" }, async () => (await read(http, url, pair)).value);
    return;
  }
  const value = `p${++written}`;
  await history.key(pair, { kind: "write", value }, async () => {
    const set = (side: string) => ({
      KV: { Verb: "set", Key: `${pair}/${side}`, Value: Buffer.from(value).toString("base64") },
    });
    const said = await ask(http, "PUT", `${url}/v1/txn`, JSON.stringify([set("a"), set("b")]));
    assert.equal(said.status, 200, said.text);
    return "ok";
  });
}

/** What a thing holds now, and its index. Asserts that what belongs together is there together. */
async function read(http: HttpClient, url: string, name: string): Promise<{ value: string; index: number }> {
  if (instances.includes(name)) return await readInstance(http, url, name);
  const said = await ask(http, "GET", `${url}/v1/kv/${name}${name === pair ? "/?recurse" : ""}`);
  if (said.status === 404) return { value: "", index: said.index };
  assert.equal(said.status, 200, said.text);
  const rows = JSON.parse(said.text) as { Value: string | null; Session?: string; ModifyIndex: number }[];
  const values = rows.map(({ Value }) => Buffer.from(Value ?? "", "base64").toString());
  if (name === lock) return { value: rows[0]?.Session ?? "", index: said.index };
  if (name === pair) assert.ok(values.length === 2 && values[0] === values[1], `half a pair: ${said.text}`);
  return { value: values[0] ?? "", index: name === pair ? said.index : (rows[0]?.ModifyIndex ?? 0) };
}

async function readInstance(http: HttpClient, url: string, name: string) {
  const said = await ask(http, "GET", `${url}/v1/health/service/kill`);
  assert.equal(said.status, 200, said.text);
  const rows = JSON.parse(said.text) as {
    Service: { ID: string; Port: number; Meta: Record<string, string> };
    Checks: { ServiceID: string }[];
  }[];
  const row = rows.find(({ Service }) => Service.ID === name);
  if (row === undefined) return { value: "", index: said.index };
  // As a whole: never without its check, nor with another one's metadata.
  assert.equal(row.Service.Meta.port, `${row.Service.Port}`);
  assert.equal(row.Checks.filter(({ ServiceID }) => ServiceID === name).length, 1);
  return { value: `${row.Service.Port}`, index: said.index };
}

async function makeSessions(http: HttpClient, url: string): Promise<string[]> {
  const made: string[] = [];
  for (let n = 0; n < clients; n++) {
    const said = await ask(http, "PUT", `${url}/v1/session/create`, JSON.stringify({ LockDelay: "0s" }));
    assert.equal(said.status, 200, said.text);
    made.push((JSON.parse(said.text) as { ID: string }).ID);
  }
  return made;
}

/** Whether it was done. */
function answered({ status, text }: { status: number; text: string }): boolean {
  assert.equal(status, 200, text);
  return text === "true";
}

async function ask(http: HttpClient, method: string, url: string, body?: string) {
  const answer = await http.request({ method, url, ...(body === undefined ? {} : { body }) });
  const text = await answer.text(10_000_000);
  return { status: answer.status, text, index: Number(answer.header("x-consul-index") ?? 0) };
}

function oneOf<T>(random: Random, values: readonly T[]): T {
  const value = values[random.below(values.length)];
  if (value === undefined) throw new Error("nothing to choose from");
  return value;
}
