import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock, seededRandom } from "../kernel/index.ts";
import type { BalancerName } from "./balance/balancer.ts";
import { balancer } from "./balance/index.ts";
import { type Cluster, type ClusterSettings, cluster } from "./cluster.ts";
import type { Lease } from "./lease.ts";

interface Placed {
  readonly id: string;
  readonly weight: number;
  readonly zone?: string;
}

const at = (...ids: string[]): Placed[] => ids.map((id) => ({ id, weight: 1 }));

function made(
  endpoints: readonly Placed[],
  settings: ClusterSettings = {},
  name: BalancerName = "round_robin",
) {
  const clock = manualClock();
  const random = seededRandom(3);
  const zoneOf = ({ zone }: Placed): string | undefined => zone;
  const one = cluster<Placed>(settings, { balancer: balancer(name, random), clock, random, zoneOf });
  one.adopt(endpoints);
  return { clock, one };
}

function lease(one: Cluster<Placed>, ...more: Parameters<Cluster<Placed>["pick"]>): Lease<Placed> {
  const picked = one.pick(...more);
  assert.ok(picked.kind === "endpoint", picked.kind);
  return picked.lease;
}

/** Ids of so many picks, each answered well at once. */
function picks(one: Cluster<Placed>, count: number, ok: (id: string) => boolean = () => true): string[] {
  return Array.from({ length: count }, () => {
    using held = lease(one);
    if (ok(held.endpoint.id)) held.success();
    else held.failure();
    return held.endpoint.id;
  });
}

test("an endpoint whose checks fail gets nothing until they pass again", () => {
  const { one } = made(at("a", "b", "c"));
  assert.equal(one.checked("b", false), false);
  assert.equal(one.checked("b", false), true);
  assert.deepEqual([...new Set(picks(one, 30))].sort(), ["a", "c"]);
  assert.equal(one.members()[1]?.up, false);
  one.checked("b", true);
  assert.equal(one.checked("b", true), true);
  assert.equal(new Set(picks(one, 30)).size, 3);
  assert.equal(one.checked("nobody", false), false);
});

test("below half, checks are disregarded: the checker is more likely to be wrong than most of the service", () => {
  const { one } = made(at("a", "b", "c", "d"));
  for (const id of ["a", "b"]) for (let i = 0; i < 2; i++) one.checked(id, false);
  assert.deepEqual([...new Set(picks(one, 40))].sort(), ["c", "d"]);
  for (let i = 0; i < 2; i++) one.checked("c", false);
  assert.equal(new Set(picks(one, 40)).size, 4);
});

test("one that fails every fifth request among good ones is left out, and comes back", () => {
  const ids = ["a", "b", "c", "d", "e", "f"];
  const { one, clock } = made(at(...ids), { outlier: {} });
  let seen = 0;
  const mostly = (id: string): boolean => id !== "f" || ++seen % 5 !== 0;
  for (let s = 0; s < 10; s++) {
    picks(one, 120, mostly);
    clock.advance(1_000);
  }
  picks(one, 6);
  assert.deepEqual(
    one.members().map(({ ejected }) => ejected),
    [false, false, false, false, false, true],
  );
  assert.ok(!picks(one, 60).includes("f"));
  clock.advance(40_000);
  assert.ok(picks(one, 60).includes("f"));
});

test("a mark brings a request back to where it was, as long as that is live", () => {
  const { one } = made(at("a", "b", "c"));
  using first = lease(one);
  for (let i = 0; i < 10; i++) {
    using next = lease(one, undefined, { mark: first.mark });
    assert.equal(next.endpoint.id, first.endpoint.id);
  }
  using other = lease(one, new Set([first.endpoint.id]), { mark: first.mark });
  assert.notEqual(other.endpoint.id, first.endpoint.id, "not where it has just failed");
  for (let i = 0; i < 2; i++) one.checked(first.endpoint.id, false);
  using moved = lease(one, undefined, { mark: first.mark });
  assert.notEqual(moved.endpoint.id, first.endpoint.id);
  assert.ok(!first.mark.includes(first.endpoint.id) || first.endpoint.id.length === 1);
});

test("equal keys stay together, and go elsewhere only while their endpoint fails", () => {
  const { one } = made(at("a", "b", "c", "d"), { breaker: { failures: 1, jitter: 0 } }, "maglev");
  using home = lease(one, undefined, { key: "ada" });
  home.success();
  using again = lease(one, undefined, { key: "ada" });
  assert.equal(again.endpoint.id, home.endpoint.id);
  again.failure();
  using away = lease(one, undefined, { key: "ada" });
  assert.notEqual(away.endpoint.id, home.endpoint.id);
});

test("requests stay in the zone", () => {
  const { one } = made(
    [
      { id: "a", weight: 1, zone: "x" },
      { id: "b", weight: 1, zone: "y" },
    ],
    { zone: "y" },
  );
  assert.deepEqual([...new Set(picks(one, 20))], ["b"]);
});

test("a newcomer starts slowly, and so does one that comes back", () => {
  const { one, clock } = made(at("a", "b"), { slowStartMs: 10_000 });
  clock.advance(60_000);
  one.adopt(at("a", "b", "c"));
  const share = (): number => picks(one, 210).filter((id) => id === "c").length;
  assert.ok(share() <= 12, "about a tenth of its share");
  clock.advance(5_000);
  const half = share();
  assert.ok(half > 30 && half < 55, `${half}`);
  clock.advance(5_000);
  assert.equal(share(), 70);
  for (const passed of [false, false, true, true]) one.checked("c", passed);
  assert.ok(share() <= 14, "again");
});
