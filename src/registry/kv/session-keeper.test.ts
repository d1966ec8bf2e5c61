import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock } from "../../kernel/index.ts";
import { memoryLog } from "../state/log.ts";
import type { Change, CheckStatus, Session } from "../state/model.ts";
import { openStore, type Store } from "../state/store.ts";
import { sessionKeeper } from "./session-keeper.ts";

const session: Session = {
  id: "11111111-1111-1111-1111-111111111111",
  name: "",
  node: "n",
  nodeChecks: ["alive"],
  serviceChecks: [],
  lockDelayMs: 15_000,
  behavior: "release",
  ttl: "",
};

const check = (status: CheckStatus): Change => ({
  kind: "check",
  check: {
    node: "n",
    id: "alive",
    name: "alive",
    status,
    notes: "",
    output: "",
    serviceId: "",
    serviceName: "",
    serviceTags: [],
    type: "",
  },
});

const held = (key: string, by: string = session.id): Change => ({
  kind: "kv",
  entry: { key, value: "eA==", flags: "7", session: by, lockIndex: 1 },
});

function opened(store?: Store) {
  const clock = manualClock();
  const own = store ?? openStore({ clock, log: memoryLog(1), maxWaiting: 10 });
  const errors: unknown[] = [];
  const keeper = sessionKeeper({ store: own, clock, onError: (error) => errors.push(error) });
  const begin = (more: Partial<Session> = {}, ...changes: Change[]) =>
    own.commit([
      { kind: "node", node: { name: "n", id: "", address: "a" } },
      check("passing"),
      { kind: "session", session: { ...session, ...more } },
      held("k"),
      ...changes,
    ]);
  const holder = () => own.tables.kv.get("k")?.session;
  return { clock, store: own, keeper, begin, holder, errors };
}

test("a session without TTL lives on; one with a TTL ends at twice of it, unless renewed", async () => {
  const t = opened();
  await t.begin({ ttl: "10s" });
  t.clock.advance(19_000);
  assert.equal(t.keeper.renew(session.id)?.id, session.id);
  t.clock.advance(19_999);
  assert.equal(t.holder(), session.id);
  t.clock.advance(1);
  assert.equal(t.holder(), "");
  assert.equal(t.store.tables.sessions.get(session.id), undefined);
  assert.equal(t.keeper.renew(session.id), undefined);
  const other = opened();
  await other.begin();
  other.clock.advance(1e9);
  assert.equal(other.holder(), session.id);
});

for (const [what, change] of [
  ["its check turns critical", check("critical")],
  ["its check goes", { kind: "check-gone", node: "n", id: "alive" }],
  ["its node goes", { kind: "node-gone", name: "n" }],
] as const) {
  test(`a session ends when ${what}, and its keys are free, in one transaction`, async () => {
    const t = opened();
    await t.begin();
    const last = t.store.log.last;
    await t.store.commit([change]);
    assert.equal(t.holder(), "");
    const steps = t.store.log
      .since(last)
      ?.at(-1)
      ?.changes.map(({ kind }) => kind);
    assert.deepEqual(steps, ["session-gone", "kv"]);
    assert.deepEqual(t.errors, []);
  });
}

test("a warning ends nothing", async () => {
  const t = opened();
  await t.begin();
  await t.store.commit([check("warning")]);
  assert.equal(t.holder(), session.id);
});

test("behavior delete takes the keys along, and only its own", async () => {
  const t = opened();
  await t.begin({ behavior: "delete" }, held("other", "somebody"));
  await t.keeper.end(session.id);
  assert.equal(t.store.tables.kv.get("k"), undefined);
  assert.equal(t.store.tables.kv.get("other")?.session, "somebody");
});

test("for the lock delay nobody may take what the end of a session freed, a minute at most", async () => {
  const t = opened();
  await t.begin({ lockDelayMs: 90_000 });
  await t.keeper.end(session.id);
  t.clock.advance(59_999);
  assert.equal(t.keeper.delayed("k"), true);
  t.clock.advance(1);
  assert.equal(t.keeper.delayed("k"), false);
  const none = opened();
  await none.begin({ lockDelayMs: 0 });
  await none.keeper.end(session.id);
  assert.equal(none.keeper.delayed("k"), false);
});

test("stored sessions go on with their whole time; one whose check failed meanwhile ends", async () => {
  const before = opened();
  await before.begin({ ttl: "10s" });
  before.keeper[Symbol.dispose]();
  const after = opened(before.store);
  after.keeper.resume();
  after.clock.advance(19_999);
  assert.equal(after.holder(), session.id);
  after.clock.advance(1);
  assert.equal(after.holder(), "");
  const failed = opened();
  failed.keeper[Symbol.dispose]();
  await failed.begin();
  await failed.store.commit([check("critical")]);
  const next = opened(failed.store);
  next.keeper.resume();
  assert.equal(next.holder(), "");
});

test("who may hold: a session that is there, by its whole id", async () => {
  const t = opened();
  await t.begin();
  assert.equal(t.keeper.refuse(session.id), undefined);
  assert.match(t.keeper.refuse("short") ?? "", /UUID must be 36 characters/);
  assert.match(t.keeper.refuse(session.id.replace("1", "2")) ?? "", /^invalid session/);
});
