/** Who is asked, simulated: each policy against the same course of events without it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClusterSettings } from "./cluster.ts";
import { equals, type Placed, play, type Scene, shareOf } from "./world.test.ts";

const well = { answerMs: 10, ok: true };
const fails = { answerMs: 1, ok: false };

for (const balance of ["ring_hash", "maglev"] as const)
  test(`${balance}: while an endpoint fails only its keys move, and they come home`, () => {
    const users = 200;
    const seen = play({
      endpoints: equals(8),
      balance,
      settings: { breaker: { failures: 3, pauseMs: 500, jitter: 0 } },
      perSecond: 400,
      seconds: 30,
      answer: (id, nowMs) => (id === "e0" && nowMs > 5_000 && nowMs < 10_000 ? fails : well),
      hints: (request) => ({ key: `user ${(request * 7) % users}` }),
    });
    const homes = new Map(
      seen.slice(0, 1_500).map(({ request, endpoint }) => [(request * 7) % users, endpoint]),
    );
    const strays = (from: number, to: number, ofIll: boolean): number => {
      const phase = seen.filter(
        ({ atMs, request }) =>
          atMs > from && atMs < to && (homes.get((request * 7) % users) === "e0") === ofIll,
      );
      return shareOf(phase, ({ request, endpoint }) => endpoint !== homes.get((request * 7) % users));
    };
    assert.ok(strays(6_000, 10_000, false) < 0.05, `${strays(6_000, 10_000, false)} of the others moved`);
    assert.ok(strays(6_000, 10_000, true) > 0.9, "its own went elsewhere");
    assert.ok(strays(15_000, 30_000, true) < 0.05, `${strays(15_000, 30_000, true)} did not come home`);
  });

test("random: shares follow the weights, also after an endpoint failed and came back", () => {
  const seen = play({
    endpoints: [
      { id: "e0", weight: 3 },
      { id: "e1", weight: 1 },
    ],
    balance: "random",
    settings: { breaker: { failures: 3, pauseMs: 500, jitter: 0 } },
    perSecond: 500,
    seconds: 30,
    answer: (id, nowMs) => (id === "e0" && nowMs > 5_000 && nowMs < 10_000 ? fails : well),
  });
  const share = (from: number, to: number): number =>
    shareOf(
      seen.filter(({ atMs }) => atMs > from && atMs < to),
      ({ endpoint }) => endpoint === "e0",
    );
  assert.ok(Math.abs(share(0, 5_000) - 0.75) < 0.03, `${share(0, 5_000)}`);
  assert.ok(share(6_000, 10_000) < 0.02);
  assert.ok(Math.abs(share(15_000, 30_000) - 0.75) < 0.02, `${share(15_000, 30_000)}`);
});

test("slow start: a newcomer that is cold is not drowned", () => {
  const scene = (slowStartMs: number): Scene => ({
    endpoints: equals(4),
    balance: "round_robin",
    settings: { slowStartMs },
    perSecond: 400,
    seconds: 20,
    events: new Map([[5_000, (one) => one.adopt(equals(5))]]),
    // For ten seconds it takes its time, the more so the more it has to do.
    answer: (id, nowMs, inFlight) =>
      id === "e4" && nowMs < 15_000 ? { answerMs: 30 * inFlight, ok: true } : well,
  });
  const slow = (slowStartMs: number): number =>
    shareOf(play(scene(slowStartMs)), ({ tookMs }) => tookMs > 100);
  assert.ok(slow(0) > 0.05, `${slow(0)}`);
  assert.ok(slow(10_000) < slow(0) / 2, `${slow(10_000)} against ${slow(0)}`);
});

test("zone: requests stay near, and leave when those who are near cannot carry them", () => {
  const endpoints: Placed[] = equals(6).map((one, i) => ({ ...one, zone: i < 3 ? "near" : "far" }));
  const far = ({ endpoint }: { readonly endpoint: string | undefined }): boolean =>
    endpoints.findIndex(({ id }) => id === endpoint) >= 3;
  const seen = play({
    endpoints,
    balance: "least_request",
    settings: { zone: "near" },
    perSecond: 300,
    seconds: 20,
    answer: (id, nowMs) => ({ answerMs: nowMs > 10_000 && Number(id.slice(1)) < 3 ? 500 : 10, ok: true }),
  });
  const early = seen.filter(({ atMs }) => atMs < 10_000);
  const late = seen.filter(({ atMs }) => atMs > 12_000);
  assert.ok(shareOf(early, far) < 0.02, `${shareOf(early, far)} left without need`);
  assert.ok(shareOf(late, far) > 0.5, `${shareOf(late, far)} left where it was needed`);
});

test("active checks: an endpoint that hangs is left after two of them", () => {
  const scene = (checked: boolean): Scene => ({
    endpoints: equals(11),
    balance: "round_robin",
    settings: {},
    perSecond: 200,
    seconds: 20,
    events: checked
      ? new Map([6_000, 7_000].map((atMs) => [atMs, (one) => void one.checked("e0", false)]))
      : new Map(),
    answer: (id, nowMs) => (id === "e0" && nowMs > 5_000 ? { answerMs: 10_000, ok: true } : well),
  });
  const hung = (checked: boolean): number =>
    play(scene(checked)).filter(({ tookMs, atMs }) => tookMs > 1_000 && atMs > 7_100).length;
  assert.equal(hung(true), 0);
  assert.ok(hung(false) > 200, `${hung(false)}`);
});

test("outlier ejection: one that fails a fifth, which opens no breaker, is left out", () => {
  const failed = (settings: ClusterSettings): number =>
    shareOf(
      play({
        endpoints: equals(11),
        balance: "round_robin",
        settings,
        perSecond: 300,
        seconds: 60,
        answer: (id, _now, _inFlight, random) => (id === "e0" && random.next() < 0.2 ? fails : well),
      }),
      ({ ok }) => !ok,
    );
  const bare = failed({});
  const guarded = failed({ outlier: {} });
  assert.ok(bare > 0.015 && guarded < bare * 0.6, `${guarded} against ${bare}`);
});
