import assert from "node:assert/strict";
import { test } from "node:test";
import { type Code, codes, TuskerError } from "../kernel/index.ts";
import type { ForwardOutcome } from "./forward/forwarder.ts";
import { allOpen, failureOf, noEndpoint, rateLimited, tooLate, upstreamError } from "./verdict.ts";

type Failed = Extract<ForwardOutcome, { ok: false }>;

// Only these two words of a route are read here.
const route = { service: "users", timeoutMs: 10_000 };

function failed(stage: Failed["stage"], sent: boolean, code: Code, system?: string): Failed {
  const inner = system === undefined ? undefined : Object.assign(new Error(system), { code: system });
  return { ok: false, stage, sent, cause: new TuskerError(code, "x", { cause: inner }) };
}

function told(outcome: Failed, expired = false, gone = false): string {
  return upstreamError(route, outcome, failureOf(outcome, expired, gone), 2).code;
}

test("nothing sent is unsent, even when the time ran out meanwhile: it may go to another instance", () => {
  assert.deepEqual(failureOf(failed("connect", false, "NET_CONNECT"), false, false), {
    kind: "unsent",
    blame: true,
  });
  assert.deepEqual(failureOf(failed("connect", false, "GATEWAY_TIMEOUT"), true, false), {
    kind: "unsent",
    blame: true,
  });
});

test("sent and broken is a reset; sent and too slow is a timeout", () => {
  assert.equal(failureOf(failed("head", true, "NET_RESET"), false, false).kind, "reset");
  assert.equal(failureOf(failed("head", true, "GATEWAY_TIMEOUT"), true, false).kind, "timeout");
  assert.equal(failureOf(failed("head", true, "NET_TIMEOUT"), false, false).kind, "timeout");
});

test("what the client did is nobody's fault", () => {
  assert.deepEqual(failureOf(failed("head", true, "KERNEL_ABORTED"), false, true), {
    kind: "final",
    blame: false,
  });
  const tooLarge = failed("head", true, "GATEWAY_BODY_TOO_LARGE");
  assert.deepEqual(failureOf(tooLarge, false, false), { kind: "final", blame: false });
});

test("what is not HTTP is the endpoint's fault and is not asked for again", () => {
  assert.deepEqual(failureOf(failed("protocol", true, "NET_MALFORMED"), false, false), {
    kind: "final",
    blame: true,
  });
});

test("each end has its code", () => {
  assert.equal(told(failed("connect", false, "NET_CONNECT", "ECONNREFUSED")), "GATEWAY_UPSTREAM_UNAVAILABLE");
  assert.equal(told(failed("head", true, "NET_RESET", "UND_ERR_SOCKET")), "GATEWAY_UPSTREAM_UNAVAILABLE");
  assert.equal(told(failed("protocol", true, "NET_MALFORMED")), "GATEWAY_BAD_UPSTREAM");
  assert.equal(told(failed("head", true, "GATEWAY_TIMEOUT"), true), "GATEWAY_TIMEOUT");
  assert.equal(told(failed("connect", false, "GATEWAY_TIMEOUT"), true), "GATEWAY_TIMEOUT");
  assert.equal(told(failed("head", true, "NET_TIMEOUT")), "GATEWAY_TIMEOUT");
  assert.equal(told(failed("head", true, "GATEWAY_BODY_TOO_LARGE")), "GATEWAY_BODY_TOO_LARGE");
  assert.equal(told(failed("head", true, "KERNEL_ABORTED"), false, true), "GATEWAY_CLIENT_GONE");
});

test("whatever the network did while a service is down, the client is told 503", () => {
  for (const code of ["NET_CONNECT", "NET_RESET"] as const)
    for (const sent of [true, false])
      for (const system of [
        "ECONNREFUSED",
        "ECONNRESET",
        "EPIPE",
        "UND_ERR_SOCKET",
        "ENOTFOUND",
        undefined,
      ]) {
        const outcome = failed(sent ? "head" : "connect", sent, code, system);
        assert.equal(codes[told(outcome) as Code].http, 503, `${code} ${system}`);
      }
});

test("messages name the service, what it did, and how often it was asked", () => {
  const refused = failed("connect", false, "NET_CONNECT", "ECONNREFUSED");
  const error = upstreamError(route, refused, failureOf(refused, false, false), 2);
  assert.equal(error.message, 'service "users" takes no connections (ECONNREFUSED), asked 2 times');
  assert.deepEqual(error.details, { service: "users", attempts: 2 });
  assert.match(tooLate("users", 10_000, 1).message, /"users" did not answer in time, asked once/);
  assert.match(noEndpoint("users").message, /"users" is ready/);
});

test("codes of the operating system are told, words of a library and its parser are not", () => {
  const reason = (system: string): string => {
    const outcome = failed("connect", false, "NET_CONNECT", system);
    return upstreamError(route, outcome, failureOf(outcome, false, false), 1).message;
  };
  assert.match(reason("ENOTFOUND"), / \(ENOTFOUND\), /);
  assert.match(reason("UND_ERR_CONNECT_TIMEOUT"), / \(ETIMEDOUT\), /);
  for (const jargon of ["UND_ERR_SOCKET", "HPE_INVALID_METHOD", "ERR_STREAM_PREMATURE_CLOSE"])
    assert.equal(reason(jargon), 'service "users" takes no connections, asked once');
});

test("waits are told in whole numbers that machines can read", () => {
  assert.equal(allOpen("users", 1_200.4).details["retry_after_ms"], 1_201);
  assert.equal(allOpen("users", -5).details["retry_after_ms"], 0);
  const limited = rateLimited({ allowed: false, limit: 9, remaining: 0, resetMs: 1, retryAfterMs: 1_500.2 });
  assert.deepEqual(limited.details, { limit: 9, retry_after_ms: 1_501 });
  assert.match(limited.message, /more than 9 requests.*in 2 s/);
});

test("what is wrong with the request is never the endpoint's fault, and is told as the client's", () => {
  const failed = (cause: TuskerError, stage: "head" | "protocol") =>
    ({ ok: false, stage, cause, sent: false }) as const;
  const slow = failed(
    new TuskerError("NET_TIMEOUT", "the body did not come", { details: { side: "client" }, status: 408 }),
    "head",
  );
  const odd = failed(new TuskerError("NET_MALFORMED", "a field", { details: { sent: false } }), "protocol");
  for (const outcome of [slow, odd])
    assert.deepEqual(failureOf(outcome, false, false), { kind: "final", blame: false });
  const told = (outcome: typeof slow | typeof odd) =>
    upstreamError(route, outcome, failureOf(outcome, false, false), 1);
  assert.equal(told(slow), slow.cause);
  assert.equal(told(odd).code, "GATEWAY_BAD_REQUEST");
  const theirs = failed(new TuskerError("NET_MALFORMED", "no HTTP", { details: { sent: true } }), "protocol");
  assert.deepEqual(failureOf(theirs, false, false), { kind: "final", blame: true });
});
