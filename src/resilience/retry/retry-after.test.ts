import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatRetryAfter, parseRetryAfter } from "./retry-after.ts";

const now = Date.UTC(2026, 0, 1, 12, 0, 0);

test("reads seconds", () => {
  assert.equal(parseRetryAfter("120", now), 120_000);
  assert.equal(parseRetryAfter(" 0 ", now), 0);
});

test("reads the three forms of an HTTP date", () => {
  assert.equal(parseRetryAfter("Thu, 01 Jan 2026 12:00:30 GMT", now), 30_000);
  assert.equal(parseRetryAfter("Thursday, 01-Jan-26 12:00:30 GMT", now), 30_000);
  assert.equal(parseRetryAfter("Thu, 01 Jan 2026 11:00:00 GMT", now), 0, "the past means now");
});

test("ignores what is neither", () => {
  for (const text of [undefined, "", "soon", "-5", "1.5", "2026-01-01", "12345678901", "1e3", "Monday"])
    assert.equal(parseRetryAfter(text, now), undefined, text);
});

test("never throws and never gives a negative or unbounded wait for seconds", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const ms = parseRetryAfter(text, now);
      return ms === undefined || ms >= 0;
    }),
  );
});

test("writes whole seconds, rounded up, at least one", () => {
  assert.equal(formatRetryAfter(0), "1");
  assert.equal(formatRetryAfter(1_001), "2");
  assert.equal(formatRetryAfter(59_000), "59");
});
