import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { manualClock } from "../kernel/index.ts";
import { gcra } from "./gcra.ts";
import { rateLimit } from "./rate-limit.ts";

const minute = { limit: 100, windowMs: 60_000 };

test("request 101 of a minute is refused when all come at once", () => {
  const limit = rateLimit(minute, manualClock());
  for (let i = 1; i <= 100; i++) {
    const decision = limit.check("a");
    assert.equal(decision.allowed, true, `request ${i}`);
    assert.equal(decision.remaining, 100 - i);
  }
  assert.deepEqual(limit.check("a"), {
    allowed: false,
    limit: 100,
    remaining: 0,
    resetMs: 60_000,
    retryAfterMs: 60_000,
  });
});

test("request 101 of a minute is refused when they come slowly", () => {
  const clock = manualClock();
  const limit = rateLimit(minute, clock);
  for (let i = 0; i < 100; i++) {
    assert.equal(limit.check("a").allowed, true, `request ${i + 1}`);
    clock.advance(590);
  }
  const decision = limit.check("a");
  assert.equal(decision.allowed, false);
  assert.equal(decision.retryAfterMs, 1_000, "the minute of the first request ends then");
  clock.advance(1_000);
  assert.equal(limit.check("a").allowed, true);
});

test("two bursts cannot meet at the edge of a window", () => {
  const clock = manualClock();
  const limit = rateLimit(minute, clock);
  limit.check("a");
  clock.advance(59_000);
  let admitted = 0;
  for (let i = 0; i < 99; i++) if (limit.check("a").allowed) admitted++;
  assert.equal(admitted, 99);
  clock.advance(1_000);
  let next = 0;
  for (let i = 0; i < 100; i++) if (limit.check("a").allowed) next++;
  assert.ok(next <= 3, `${next} more, one second after 99`);
});

test("keys do not share", () => {
  const limit = rateLimit({ limit: 1, windowMs: 1_000 }, manualClock());
  assert.equal(limit.check("a").allowed, true);
  assert.equal(limit.check("b").allowed, true);
  assert.equal(limit.check("a").allowed, false);
});

test("a refused request costs nothing", () => {
  const clock = manualClock();
  const limit = rateLimit({ limit: 2, windowMs: 1_000 }, clock);
  limit.check("a");
  limit.check("a");
  for (let i = 0; i < 1_000; i++) limit.check("a");
  clock.advance(1_000);
  assert.equal(limit.check("a").allowed, true);
});

test("remembers a bounded number of keys, forgets the one unused for longest, and counts it", () => {
  const clock = manualClock();
  const limit = rateLimit({ limit: 1, windowMs: 60_000, maxKeys: 3 }, clock);
  for (const key of ["a", "b", "c"]) limit.check(key);
  limit.check("a");
  limit.check("d");
  assert.equal(limit.keys, 3);
  assert.equal(limit.forgotten, 1);
  assert.equal(limit.check("a").allowed, false, "a was used and is remembered");
  assert.equal(limit.check("b").allowed, true, "b was forgotten and begins afresh");
});

test("a billion keys need no more memory than the most it may keep", () => {
  const limit = rateLimit({ ...minute, maxKeys: 100 }, manualClock());
  for (let i = 0; i < 5_000; i++) limit.check(`key ${i}`);
  assert.equal(limit.keys, 100);
  assert.equal(limit.forgotten, 4_900);
});

test("whatever keys come, those used last are the ones that are remembered", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.array(fc.nat(12), { maxLength: 120 }),
      (maxKeys, asked) => {
        const limit = rateLimit({ limit: 1, windowMs: 60_000, maxKeys }, manualClock());
        /** Keys by their last use, the youngest first. */
        let remembered: number[] = [];
        let forgotten = 0;
        for (const key of asked) {
          assert.equal(limit.check(String(key)).allowed, !remembered.includes(key));
          remembered = [key, ...remembered.filter((one) => one !== key)];
          if (remembered.length > maxKeys) forgotten++;
          remembered = remembered.slice(0, maxKeys);
          assert.deepEqual([limit.keys, limit.forgotten], [remembered.length, forgotten]);
        }
      },
    ),
  );
});

test("the two hundred thousandth key costs what the first one cost", () => {
  const limit = rateLimit({ ...minute, maxKeys: 20_000 }, manualClock());
  let number = 0;
  const cost = (): number => {
    const before = process.cpuUsage();
    for (let i = 0; i < 20_000; i++) limit.check(`key ${number++}`);
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  const rounds = Array.from({ length: 10 }, cost);
  // Finding the oldest by walking over those that are gone costs fifty times as much by now.
  const least = Math.min(...rounds.slice(5));
  assert.ok(least < 10 * Math.min(...rounds.slice(0, 2)), rounds.join(" "));
});

const schedule = fc.array(fc.nat(1_500), { minLength: 1, maxLength: 150 });

test("never more than the limit in the window that begins with a key's first request", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), schedule, (most, gaps) => {
      const clock = manualClock();
      const limit = rateLimit({ limit: most, windowMs: 5_000 }, clock);
      let anchor: number | undefined;
      let admitted = 0;
      for (const gap of gaps) {
        clock.advance(gap);
        if (anchor === undefined || clock.now() - anchor >= 5_000) {
          anchor = clock.now();
          admitted = 0;
        }
        if (limit.check("a").allowed) admitted++;
        assert.ok(admitted <= most, `${admitted} of ${most}`);
      }
    }),
  );
});

test("in no window at all more than twice the limit", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), schedule, (most, gaps) => {
      const clock = manualClock();
      const limit = rateLimit({ limit: most, windowMs: 5_000 }, clock);
      const times: number[] = [];
      for (const gap of gaps) {
        clock.advance(gap);
        if (limit.check("a").allowed) times.push(clock.now());
        const recent = times.filter((at) => at > clock.now() - 5_000).length;
        assert.ok(recent <= 2 * most, `${recent} of ${most}`);
      }
    }),
  );
});

test("who waits as long as it is told to is admitted, and not a moment earlier", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), schedule, (most, gaps) => {
      const clock = manualClock();
      const limit = rateLimit({ limit: most, windowMs: 5_000 }, clock);
      for (const gap of gaps) {
        clock.advance(gap);
        const decision = limit.check("a");
        if (decision.allowed) continue;
        assert.ok(decision.retryAfterMs > 0);
        clock.advance(decision.retryAfterMs * 0.99);
        assert.equal(limit.check("a").allowed, false);
        clock.advance(decision.retryAfterMs * 0.01 + 1e-6);
        assert.equal(limit.check("a").allowed, true);
      }
    }),
  );
});

test("what remains is what is then admitted", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), schedule, (most, gaps) => {
      const clock = manualClock();
      const limit = rateLimit({ limit: most, windowMs: 5_000 }, clock);
      let promised = 0;
      for (const gap of gaps) {
        clock.advance(gap);
        const decision = limit.check("a");
        if (decision.allowed) promised = decision.remaining;
      }
      for (let i = 0; i < promised; i++) assert.equal(limit.check("a").allowed, true);
      assert.equal(limit.check("a").allowed, false);
    }),
  );
});

test("GCRA alone admits a burst of the limit and then one per spacing", () => {
  let tat = 0;
  const ask = (now: number): boolean => {
    const verdict = gcra(tat, 10, 1_000, now);
    tat = verdict.tatMs;
    return verdict.allowed;
  };
  for (let i = 0; i < 10; i++) assert.equal(ask(5_000), true, `request ${i + 1}`);
  assert.equal(ask(5_000), false);
  assert.equal(ask(5_099), false);
  assert.equal(ask(5_100), true);
  assert.equal(ask(5_100), false);
});
