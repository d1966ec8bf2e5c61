import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Failure, isRepeatable, mayRetry } from "./retryable.ts";

test("methods that RFC 9110 calls idempotent, and QUERY, are repeatable; others are not", () => {
  for (const method of ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "QUERY"])
    assert.equal(isRepeatable(method), true, method);
  for (const method of ["POST", "PATCH", "CONNECT", "get", "BREW"])
    assert.equal(isRepeatable(method), false, method);
});

test("an idempotency key or the operator's word makes any method repeatable", () => {
  assert.equal(isRepeatable("POST", { idempotencyKey: true }), true);
  assert.equal(isRepeatable("POST", { retryUnsafe: true }), true);
  assert.equal(isRepeatable("POST", { idempotencyKey: false, retryUnsafe: false }), false);
});

const acted: Failure[] = [
  { kind: "reset" },
  { kind: "timeout" },
  { kind: "status", status: 502 },
  { kind: "status", status: 503 },
  { kind: "status", status: 504 },
  { kind: "grpc", status: 14 },
];

test("what provably was not processed is always sent again", () => {
  for (const repeatable of [true, false]) {
    assert.equal(mayRetry(repeatable, { kind: "unsent" }), true);
    assert.equal(mayRetry(repeatable, { kind: "refused" }), true);
  }
});

test("what may have been acted on is sent again only if that does no harm", () => {
  for (const failure of acted) {
    assert.equal(mayRetry(true, failure), true, JSON.stringify(failure));
    assert.equal(mayRetry(false, failure), false, JSON.stringify(failure));
  }
});

test("only 502, 503, 504 and gRPC UNAVAILABLE are worth another try", () => {
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 599 }), (status) => {
      assert.equal(mayRetry(true, { kind: "status", status }), status >= 502 && status <= 504);
    }),
  );
  for (let status = 0; status <= 16; status++)
    assert.equal(mayRetry(true, { kind: "grpc", status }), status === 14);
});

test("what was shed here or is no longer wanted is never sent again", () => {
  assert.equal(mayRetry(true, { kind: "final" }), false);
});
