import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatRemaining, incomingDeadline, parseRemaining, perTryMs, remainingMs } from "./deadline.ts";
import { formatGrpcTimeout, parseGrpcTimeout } from "./grpc-timeout.ts";

const fields = (map: Record<string, string>) => (name: string) => map[name];

test("one try gets an equal share of the whole, at least 250 ms, never more than the whole", () => {
  assert.equal(perTryMs(30_000, 2), 10_000);
  assert.equal(perTryMs(30_000, 0), 30_000);
  assert.equal(perTryMs(600, 3), 250);
  assert.equal(perTryMs(100, 3), 100);
});

test("what is left is never negative", () => {
  assert.equal(remainingMs(500, 200), 300);
  assert.equal(remainingMs(500, 501), 0);
});

test("the earlier of the two incoming deadlines counts", () => {
  assert.equal(incomingDeadline(fields({}), 1_000), undefined);
  assert.equal(incomingDeadline(fields({ "x-request-deadline": "250" }), 1_000), 1_250);
  assert.equal(incomingDeadline(fields({ "grpc-timeout": "2S" }), 1_000), 3_000);
  assert.equal(incomingDeadline(fields({ "grpc-timeout": "2S", "x-request-deadline": "100" }), 0), 100);
  assert.equal(incomingDeadline(fields({ "grpc-timeout": "2m", "x-request-deadline": "100" }), 0), 2);
});

test("unreadable remaining times are ignored", () => {
  for (const text of ["", "-1", "1.5", "5s", " 5", "1e3", "9999999999999", undefined])
    assert.equal(parseRemaining(text), undefined, text);
  assert.equal(parseRemaining("0"), 0);
});

test("a remaining time survives the wire, rounded down", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e11, noNaN: true }), (ms) => {
      const back = parseRemaining(formatRemaining(ms));
      return back !== undefined && back <= ms && ms - back < 1;
    }),
  );
  assert.equal(formatRemaining(-5), "0");
});

test("reads every unit of grpc-timeout", () => {
  const cases: [string, number][] = [
    ["1H", 3_600_000],
    ["2M", 120_000],
    ["3S", 3_000],
    ["4m", 4],
    ["5u", 0.005],
    ["6n", 0.000006],
    ["99999999H", 99_999_999 * 3_600_000],
  ];
  for (const [text, ms] of cases) assert.ok(Math.abs((parseGrpcTimeout(text) ?? -1) - ms) < 1e-9, text);
});

test("what is no grpc-timeout is ignored", () => {
  for (const text of [undefined, "", "S", "1", "1s", "1 S", "123456789S", "-1S", "1.5S", "1SS"])
    assert.equal(parseGrpcTimeout(text), undefined, text);
});

test("a grpc-timeout survives the wire: never later, and off by less than one part in ten thousand", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 3.5e14, noNaN: true }), (ms) => {
      const text = formatGrpcTimeout(ms);
      assert.match(text, /^\d{1,8}[HMSmun]$/);
      const back = parseGrpcTimeout(text) ?? -1;
      assert.ok(back <= ms * (1 + 1e-12) && ms - back <= Math.max(1e-6, ms * 1e-4), `${ms} → ${text}`);
    }),
  );
  assert.equal(formatGrpcTimeout(-1), "0n");
  assert.equal(formatGrpcTimeout(1e20), "99999999H");
});
