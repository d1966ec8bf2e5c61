import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { manualClock, seededRandom } from "../kernel/index.ts";
import { balancer } from "./balance/index.ts";
import type { BreakerState } from "./breaker.ts";
import { type Cluster, type ClusterSettings, cluster } from "./cluster.ts";
import type { Lease } from "./lease.ts";
import type { Located } from "./member.ts";

const at = (...ids: string[]): Located[] => ids.map((id) => ({ id, weight: 1 }));

function made(endpoints: readonly Located[], settings: ClusterSettings = { breaker: { jitter: 0 } }) {
  const clock = manualClock();
  const random = seededRandom(3);
  const changes: string[] = [];
  const one = cluster<Located>(settings, {
    balancer: balancer("p2c_ewma", random),
    clock,
    random,
    onBreaker: (endpoint: Located, state: BreakerState) => changes.push(`${endpoint.id} ${state}`),
  });
  one.adopt(endpoints);
  return { clock, one, changes };
}

function leaseOf(one: Cluster<Located>, tried?: ReadonlySet<string>): Lease<Located> {
  const picked = one.pick(tried);
  assert.equal(picked.kind, "endpoint");
  assert.ok(picked.kind === "endpoint");
  return picked.lease;
}

/** Sends requests until the breaker of every endpoint in `ids` is open; the others answer well. */
function breakAll(one: Cluster<Located>, ids: readonly string[]): void {
  for (let i = 0; i < 500; i++) {
    const open = one
      .members()
      .filter((member) => member.breaker !== "closed")
      .map((member) => member.endpoint.id);
    if (ids.every((id) => open.includes(id))) return;
    // Everybody but the victims counts as tried, so that the balancer has no choice.
    const others = new Set(
      one
        .members()
        .map((member) => member.endpoint.id)
        .filter((id) => !ids.includes(id) || open.includes(id)),
    );
    using lease = leaseOf(one, others);
    if (ids.includes(lease.endpoint.id)) lease.failure();
    else lease.success();
  }
  assert.fail("the breakers never opened");
}

test("an empty set has nobody to pick", () => {
  assert.deepEqual(made([]).one.pick(), { kind: "none" });
});

test("prefers endpoints that were not tried, and falls back to tried ones", () => {
  const { one } = made(at("a", "b", "c"));
  for (let i = 0; i < 20; i++) {
    using lease = leaseOf(one, new Set(["a", "b"]));
    assert.equal(lease.endpoint.id, "c");
  }
  using lease = leaseOf(one, new Set(["a", "b", "c"]));
  assert.ok(["a", "b", "c"].includes(lease.endpoint.id));
});

test("counts requests from pick to dispose", () => {
  const { one } = made(at("a"));
  const lease = leaseOf(one);
  assert.equal(one.members()[0]?.inFlight, 1);
  lease.success();
  assert.equal(one.members()[0]?.inFlight, 1, "its body is still under way");
  lease[Symbol.dispose]();
  lease[Symbol.dispose]();
  assert.equal(one.members()[0]?.inFlight, 0);
});

test("does not pick an endpoint whose breaker is open while another is there", () => {
  const { one, changes } = made(at("a", "b"));
  breakAll(one, ["a"]);
  for (let i = 0; i < 50; i++) {
    using lease = leaseOf(one);
    assert.equal(lease.endpoint.id, "b");
    lease.success();
  }
  assert.deepEqual(changes, ["a open"]);
});

test("with every breaker open it says when the first one probes", () => {
  const { one, clock } = made(at("a", "b"));
  breakAll(one, ["a"]);
  clock.advance(300);
  breakAll(one, ["b"]);
  assert.deepEqual(one.pick(), { kind: "open", untilMs: 1_000 });
});

test("the next request after a pause is the one probe, and its success brings the endpoint back at once", () => {
  const { one, clock, changes } = made(at("a", "b"));
  breakAll(one, ["a"]);
  clock.advance(1_000);
  const probe = leaseOf(one);
  assert.equal(probe.endpoint.id, "a");
  const other = leaseOf(one);
  assert.equal(other.endpoint.id, "b", "one probe at a time");
  other.success();
  other[Symbol.dispose]();
  clock.advance(5);
  probe.success();
  probe[Symbol.dispose]();
  assert.deepEqual(changes, ["a open", "a half-open", "a closed"]);
  assert.equal(one.members()[0]?.costMs, 5, "its failures are forgotten");
});

test("a probe that was never settled makes room when its lease is disposed", () => {
  const { one, clock } = made(at("a"));
  breakAll(one, ["a"]);
  clock.advance(1_000);
  leaseOf(one)[Symbol.dispose]();
  using again = leaseOf(one);
  assert.equal(again.endpoint.id, "a");
});

test("while some but fewer than half are well, the others probe at their first pace", () => {
  const { one, clock } = made(at("a", "b", "c"));
  breakAll(one, ["a", "b"]);
  // Two failed probes each: their pauses are four seconds now.
  for (let round = 0; round < 2; round++) {
    clock.advance(2_000);
    for (let i = 0; i < 2; i++) {
      using probe = leaseOf(one);
      probe.failure();
    }
  }
  clock.advance(1_000);
  using lease = leaseOf(one);
  assert.notEqual(lease.endpoint.id, "c", "one second after the last probe, not four");
});

test("while half or more are well, an endpoint waits its whole pause", () => {
  const { one, clock } = made(at("a", "b"));
  breakAll(one, ["a"]);
  clock.advance(1_000);
  leaseOf(one).failure();
  clock.advance(1_999);
  using lease = leaseOf(one);
  assert.equal(lease.endpoint.id, "b");
});

test("a failure costs at least five seconds, and as long as Retry-After says", () => {
  const { one } = made(at("a"), {});
  leaseOf(one).failure();
  assert.ok((one.members()[0]?.costMs ?? 0) >= 5_000);
  leaseOf(one).failure(20_000);
  assert.ok((one.members()[0]?.costMs ?? 0) >= 20_000);
  leaseOf(one).failure(1e9);
  assert.ok((one.members()[0]?.costMs ?? 0) <= 300_000 * 5);
});

test("shedding load makes an endpoint unattractive and does not open its breaker", () => {
  const { one } = made(at("a", "b"));
  for (let i = 0; i < 20; i++) {
    using lease = leaseOf(one, new Set(["b"]));
    lease.overloaded();
  }
  assert.equal(one.members()[0]?.breaker, "closed");
  for (let i = 0; i < 20; i++) {
    using lease = leaseOf(one);
    assert.equal(lease.endpoint.id, "b");
    lease.success();
  }
});

test("a probe that is shed has failed", () => {
  const { one, clock } = made(at("a"));
  breakAll(one, ["a"]);
  clock.advance(1_000);
  leaseOf(one).overloaded();
  assert.equal(one.members()[0]?.breaker, "open");
});

test("only the first report of a lease counts", () => {
  const { one } = made(at("a"), { breaker: { failures: 1, jitter: 0 } });
  const lease = leaseOf(one);
  lease.success();
  lease.failure();
  assert.equal(one.members()[0]?.breaker, "closed");
});

test("what is known of an endpoint outlives a change of the set, and goes with the endpoint", () => {
  const { one } = made(at("a", "b"));
  breakAll(one, ["a"]);
  one.adopt(at("a", "c"));
  assert.deepEqual(
    one.members().map(({ endpoint, breaker }) => `${endpoint.id} ${breaker}`),
    ["a open", "c closed"],
  );
  one.adopt(at("c"));
  one.adopt(at("a", "c"));
  assert.equal(one.members()[0]?.breaker, "closed", "it left and came back: a new life");
});

test("an answer that goes on counts from its beginning, however it ends and however many there are", () => {
  const { clock, one } = made(at("a"));
  const cost = (): number => one.members()[0]?.costMs ?? Number.NaN;
  const first = leaseOf(one);
  first.success();
  first[Symbol.dispose]();
  const streams = [leaseOf(one), leaseOf(one)];
  clock.advance(20);
  for (const stream of streams) stream.began();
  clock.advance(100_000);
  assert.ok(cost() < 1, "they have begun, and others would be answered as fast as ever");
  streams[0]?.success();
  assert.ok(cost() < 1);
  streams[1]?.failure();
  assert.equal(cost(), 15_000, "a failed one costs five seconds, with two that run");
  for (const stream of streams) stream[Symbol.dispose]();
  assert.equal(cost(), 5_000);
});

test("a new endpoint is asked by the next request", () => {
  const { one, clock } = made(at("a"));
  for (let i = 0; i < 10; i++) {
    using lease = leaseOf(one);
    clock.advance(2);
    lease.success();
  }
  one.adopt(at("a", "b"));
  using lease = leaseOf(one);
  assert.equal(lease.endpoint.id, "b");
});

test("without breakers every endpoint stays in reach", () => {
  const { one } = made(at("a"), {});
  for (let i = 0; i < 50; i++) {
    using lease = leaseOf(one);
    lease.failure();
  }
  assert.equal(one.pick().kind, "endpoint");
});

test("under any schedule: nothing in flight is lost, and no open endpoint is picked unless as its one probe", () => {
  const step = fc.oneof(
    fc.constant("pick" as const),
    fc.record({ settle: fc.nat(9), how: fc.constantFrom("success", "failure", "overloaded", "nothing") }),
    fc.record({ advance: fc.nat(2_000) }),
    fc.record({ adopt: fc.subarray(["a", "b", "c", "d"]) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const { one, clock } = made(at("a", "b"), { breaker: { failures: 2, jitter: 0 } });
      const held: Lease<Located>[] = [];
      for (const now of steps) {
        if (now === "pick") {
          const before = new Map(one.members().map((member) => [member.endpoint.id, member.breaker]));
          const picked = one.pick();
          if (picked.kind !== "endpoint") {
            assert.ok(picked.kind === "open" ? before.size > 0 : before.size === 0);
            continue;
          }
          held.push(picked.lease);
          const after = one.members().find((member) => member.endpoint.id === picked.lease.endpoint.id);
          assert.notEqual(after?.breaker, "open");
        } else if ("advance" in now) clock.advance(now.advance);
        else if ("adopt" in now) one.adopt(at(...now.adopt));
        else {
          const lease = held.splice(now.settle, 1)[0];
          if (now.how === "success") lease?.success();
          else if (now.how === "failure") lease?.failure();
          else if (now.how === "overloaded") lease?.overloaded();
          lease?.[Symbol.dispose]();
        }
      }
      for (const lease of held) lease[Symbol.dispose]();
      for (const member of one.members()) assert.equal(member.inFlight, 0);
    }),
  );
});

test("one endpoint's recovery lets the others probe once at their first pace", () => {
  const { one, clock } = made(at("a", "b", "c", "d", "e"));
  const well = new Set(["c", "d", "e"]);
  breakAll(one, ["a"]);
  // Three failed probes: its pause has grown to eight seconds.
  for (const pauseMs of [1_000, 2_000, 4_000]) {
    clock.advance(pauseMs);
    const probe = leaseOf(one, well);
    assert.equal(probe.endpoint.id, "a");
    probe.failure();
  }
  breakAll(one, ["b"]);
  clock.advance(1_000);
  const good = leaseOf(one);
  assert.equal(good.endpoint.id, "b", "only b is due");
  good.success();
  const told = leaseOf(one);
  assert.equal(told.endpoint.id, "a", "b is back, so a may be");
  told.failure();
  clock.advance(2_000);
  using later = leaseOf(one);
  assert.notEqual(later.endpoint.id, "a", "it was told once and waits its pause again");
});
