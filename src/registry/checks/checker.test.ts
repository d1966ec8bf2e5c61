import assert from "node:assert/strict";
import { test } from "node:test";
import { type ManualClock, manualClock, type Random, TuskerError } from "../../kernel/index.ts";
import { type Agent, type LocalCheck, localAgent } from "../agent.ts";
import { memoryLog } from "../state/log.ts";
import type { CheckSpec } from "../state/model.ts";
import { openStore, type Store } from "../state/store.ts";
import { type Checker, checker } from "./checker.ts";
import type { ProbeResult } from "./probe.ts";

interface Bench extends Disposable {
  readonly clock: ManualClock;
  readonly store: Store;
  readonly agent: Agent;
  readonly checks: Checker;
  readonly errors: unknown[];
  /** Addresses probed so far. */
  readonly probed: string[];
  /** What the next probes find; "hang" never answers. */
  answer: ProbeResult | Error | "hang";
  statusOf(id: string): string | undefined;
  outputOf(id: string): string | undefined;
  settle(): Promise<void>;
}

function bench(): Bench {
  const clock = manualClock();
  const store = openStore({ clock, log: memoryLog(1), maxWaiting: 10 });
  const half: Random = { next: () => 0.5, below: () => 0 };
  const errors: unknown[] = [];
  const probed: string[] = [];
  const probe = (address: string, signal: AbortSignal): Promise<ProbeResult> => {
    probed.push(address);
    const { answer } = made;
    if (answer === "hang") {
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
    }
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const checks = checker({
    store,
    node: "n1",
    clock,
    random: half,
    probes: {
      http: (spec, signal) => probe(spec.url, signal),
      tcp: (spec, signal) => probe(spec.address, signal),
      grpc: (spec, signal) => probe(spec.address, signal),
      script: (spec, signal) => probe(spec.args.join(" "), signal),
    },
    onError: (error) => errors.push(error),
  });
  void store.commit([{ kind: "node", node: { name: "n1", id: "", address: "10.0.0.1" } }]);
  const made: Bench = {
    clock,
    store,
    checks,
    errors,
    probed,
    agent: localAgent("n1", store, checks),
    answer: { status: "passing", output: "ok" },
    statusOf: (id) => store.tables.check("n1", id)?.status,
    outputOf: (id) => store.tables.check("n1", id)?.output,
    async settle() {
      for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
    },
    [Symbol.dispose]: () => checks[Symbol.dispose](),
  };
  return made;
}

const policy = {
  successBeforePassing: 0,
  failuresBeforeWarning: 0,
  failuresBeforeCritical: 0,
  deregisterAfterMs: 0,
};
const tcp: CheckSpec = { kind: "tcp", address: "x:1", intervalMs: 10_000, timeoutMs: 2_000, ...policy };
const ttl: CheckSpec = { kind: "ttl", ttlMs: 10_000, ...policy };
const local = (spec: CheckSpec, more: Partial<LocalCheck> = {}): LocalCheck => ({
  id: "c",
  name: "",
  notes: "",
  type: spec.kind,
  spec,
  ...more,
});
const service = {
  id: "u1",
  name: "user",
  tags: [],
  address: "",
  port: 1,
  weights: { passing: 1, warning: 1 },
  enableTagOverride: false,
};

test("a check runs first within its first interval, then an interval after the end of each run", async () => {
  using t = bench();
  await t.agent.register(service, [local(tcp)]);
  t.clock.advance(4_999);
  assert.equal(t.probed.length, 0);
  t.clock.advance(1);
  await t.settle();
  assert.equal(t.probed.length, 1);
  assert.deepEqual([t.statusOf("c"), t.outputOf("c")], ["passing", "ok"]);
  t.clock.advance(9_999);
  assert.equal(t.probed.length, 1);
  t.clock.advance(1);
  assert.equal(t.probed.length, 2);
});

test("a failed run is critical with the reason as output", async () => {
  using t = bench();
  t.answer = new Error("connect ECONNREFUSED");
  await t.agent.register(service, [local(tcp, { status: "passing" })]);
  t.clock.advance(5_000);
  await t.settle();
  assert.deepEqual([t.statusOf("c"), t.outputOf("c")], ["critical", "TCP connect x:1: connect ECONNREFUSED"]);
});

test("a run that takes too long is ended and critical", async () => {
  using t = bench();
  t.answer = "hang";
  await t.agent.register(service, [local(tcp, { status: "passing" })]);
  t.clock.advance(5_000);
  await t.settle();
  assert.equal(t.statusOf("c"), "passing");
  t.clock.advance(2_000);
  await t.settle();
  assert.equal(t.statusOf("c"), "critical");
  assert.match(t.outputOf("c") ?? "", /no answer within 2000ms/);
});

test("a result that does not count yet leaves its words and the status alone", async () => {
  using t = bench();
  await t.agent.register(service, [local({ ...tcp, failuresBeforeCritical: 2, failuresBeforeWarning: 2 })]);
  t.clock.advance(5_000);
  await t.settle();
  t.answer = new Error("down");
  const before = t.store.log.last;
  t.clock.advance(10_000);
  await t.settle();
  assert.deepEqual([t.statusOf("c"), t.outputOf("c")], ["passing", "TCP connect x:1: down"]);
  assert.equal(t.store.log.last, before);
  t.clock.advance(10_000);
  await t.settle();
  assert.equal(t.statusOf("c"), "critical");
});

test("the same result again is no change", async () => {
  using t = bench();
  await t.agent.register(service, [local(tcp)]);
  t.clock.advance(5_000);
  await t.settle();
  const before = t.store.log.last;
  for (let i = 0; i < 5; i++) {
    t.clock.advance(10_000);
    await t.settle();
  }
  assert.equal(t.probed.length, 6);
  assert.equal(t.store.log.last, before);
});

test("registering the same again does not restart a check; another way does", async () => {
  using t = bench();
  await t.agent.register(service, [local(tcp)]);
  t.clock.advance(4_000);
  await t.agent.register(service, [local(tcp)]);
  t.clock.advance(1_000);
  assert.deepEqual(t.probed, ["x:1"]);
  await t.agent.register(service, [local({ ...tcp, address: "y:1" })]);
  t.clock.advance(10_000);
  assert.deepEqual(t.probed, ["x:1", "y:1"]);
  assert.equal(t.checks.running, 1);
});

test("a check that is removed stops, also in the middle of a run", async () => {
  using t = bench();
  t.answer = "hang";
  await t.agent.register(service, [local(tcp)]);
  t.clock.advance(5_000);
  await t.agent.deregister("u1");
  await t.settle();
  assert.deepEqual([t.checks.running, t.clock.pending], [0, 0]);
  assert.deepEqual(t.errors, []);
});

test("an instance that stops reporting is critical after its TTL", async () => {
  using t = bench();
  await t.agent.register(service, [local(ttl)]);
  assert.equal(t.statusOf("c"), "critical");
  await t.agent.reportTtl("c", "passing", "fine");
  t.clock.advance(9_999);
  assert.equal(t.statusOf("c"), "passing");
  t.clock.advance(1);
  assert.deepEqual(
    [t.statusOf("c"), t.outputOf("c")],
    ["critical", "TTL expired (last output before timeout follows): fine"],
  );
});

test("reports in time keep an instance in service without a single change", async () => {
  using t = bench();
  await t.agent.register(service, [local(ttl)]);
  await t.agent.reportTtl("c", "passing", "");
  const before = t.store.log.last;
  for (let i = 0; i < 20; i++) {
    t.clock.advance(9_000);
    await t.agent.reportTtl("c", "passing", `beat ${i}`);
  }
  assert.equal(t.statusOf("c"), "passing");
  assert.equal(t.store.log.last, before);
});

test("only TTL checks are reported", async () => {
  using t = bench();
  await t.agent.register(service, [local(tcp)]);
  for (const id of ["c", "nope"]) {
    await assert.rejects(
      t.agent.reportTtl(id, "passing", ""),
      (error) =>
        error instanceof TuskerError &&
        error.message === `CheckID "${id}" does not have associated TTL` &&
        error.details.status === 500,
    );
  }
});

test("an instance that stays critical for too long is deregistered", async () => {
  using t = bench();
  await t.agent.register(service, [local({ ...ttl, deregisterAfterMs: 60_000 })]);
  await t.agent.reportTtl("c", "passing", "");
  t.clock.advance(10_000);
  assert.equal(t.statusOf("c"), "critical");
  t.clock.advance(59_999);
  assert.equal(t.store.tables.instances("user").length, 1);
  t.clock.advance(1);
  assert.equal(t.store.tables.instances("user").length, 0);
  assert.deepEqual([t.checks.running, t.clock.pending], [0, 0]);
});

test("one that recovers in time stays, and its time starts anew", async () => {
  using t = bench();
  await t.agent.register(service, [local({ ...ttl, deregisterAfterMs: 60_000 })]);
  t.clock.advance(50_000);
  await t.agent.reportTtl("c", "passing", "");
  t.clock.advance(10_000);
  assert.equal(t.statusOf("c"), "critical");
  t.clock.advance(59_000);
  assert.equal(t.store.tables.instances("user").length, 1);
});

test("checks of other nodes are not run here", async () => {
  using t = bench();
  await t.store.commit([
    { kind: "node", node: { name: "n2", id: "", address: "10.0.0.2" } },
    {
      kind: "check",
      check: {
        node: "n2",
        id: "c",
        name: "c",
        status: "passing",
        notes: "",
        output: "",
        serviceId: "",
        serviceName: "",
        serviceTags: [],
        type: "tcp",
        spec: tcp,
      },
    },
  ]);
  assert.equal(t.checks.running, 0);
});

test("disposed, nothing runs and nothing is written any more", async () => {
  const t = bench();
  t.answer = "hang";
  await t.agent.register(service, [local(tcp), local(ttl, { id: "d" })]);
  t.clock.advance(5_000);
  t[Symbol.dispose]();
  await t.settle();
  assert.equal(t.clock.pending, 0);
  await t.agent.registerCheck(local(ttl, { id: "e" }), "u1");
  assert.equal(t.checks.running, 0);
});
