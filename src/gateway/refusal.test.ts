import assert from "node:assert/strict";
import { test } from "node:test";
import { codes, TuskerError } from "../kernel/index.ts";
import { headerOf } from "../net/index.ts";
import { limitWords, rateLimitFields } from "./head/rate-limit.ts";
import { refusal } from "./refusal.ts";

const field = (error: TuskerError, name: string, fields: string[] = []) =>
  headerOf(refusal(error, undefined, fields).headers ?? [], name);

test("is a problem document with code, trace id and details, never cached", () => {
  const error = new TuskerError("GATEWAY_NO_ENDPOINT", "no instance is ready", {
    details: { service: "users" },
  });
  const answer = refusal(error, "4bf92f3577b34da6a3ce929d0e0e4736");
  assert.equal(answer.status, 503);
  assert.equal(headerOf(answer.headers ?? [], "content-type"), "application/problem+json");
  assert.equal(headerOf(answer.headers ?? [], "cache-control"), "no-store");
  assert.deepEqual(JSON.parse(String(answer.body)), {
    type: "urn:tusker:error:GATEWAY_NO_ENDPOINT",
    title: "no endpoint",
    status: 503,
    detail: "no instance is ready",
    code: "GATEWAY_NO_ENDPOINT",
    trace_id: "4bf92f3577b34da6a3ce929d0e0e4736",
    details: { service: "users" },
  });
});

test("every code of the gateway has a word of RFC 9209", () => {
  const registered = new Set([
    ...[
      "dns_error",
      "destination_not_found",
      "destination_unavailable",
      "connection_refused",
      "connection_terminated",
    ],
    ...["connection_timeout", "connection_limit_reached", "http_response_timeout", "http_request_error"],
    ...["http_request_denied", "http_protocol_error", "proxy_loop_detected", "proxy_internal_error"],
    "proxy_internal_response",
  ]);
  for (const code of Object.keys(codes).filter((name) => name.startsWith("GATEWAY_"))) {
    const status = field(new TuskerError(code as keyof typeof codes, "x"), "proxy-status") ?? "";
    const word = /^tusker; error=([a-z_]+)$/.exec(status)?.[1] ?? "";
    assert.ok(registered.has(word), `${code}: ${status}`);
    if (code !== "GATEWAY_CLIENT_GONE") assert.notEqual(word, "proxy_internal_error", code);
  }
});

test("an unavailable service is told apart by what its connection did", () => {
  const because = (code: string) =>
    field(
      new TuskerError("GATEWAY_UPSTREAM_UNAVAILABLE", "x", {
        cause: Object.assign(new Error("x"), { code }),
      }),
      "proxy-status",
    );
  assert.equal(because("ECONNREFUSED"), "tusker; error=connection_refused");
  assert.equal(because("UND_ERR_CONNECT_TIMEOUT"), "tusker; error=connection_timeout");
  assert.equal(because("ENOTFOUND"), "tusker; error=dns_error");
  assert.equal(because("ECONNRESET"), "tusker; error=connection_terminated");
});

test("every 503 says when to come back, rounded up", () => {
  assert.equal(field(new TuskerError("GATEWAY_NO_ENDPOINT", "x"), "retry-after"), "1");
  const open = new TuskerError("GATEWAY_BREAKER_OPEN", "x", { details: { retry_after_ms: 2_100 } });
  assert.equal(field(open, "retry-after"), "3");
  assert.equal(field(open, "retry-after", ["Retry-After", "9"]), "9", "said once");
  assert.equal(field(new TuskerError("GATEWAY_NO_ROUTE", "x"), "retry-after"), undefined);
});

test("rate limit fields are structured lists; a refusal adds Retry-After no earlier than t", () => {
  const settings = { limit: 100, windowMs: 60_000 };
  const allowed = { allowed: true, limit: 100, remaining: 7, resetMs: 29_001, retryAfterMs: 0 };
  assert.deepEqual(rateLimitFields(limitWords("gateway", settings), allowed), [
    ...["RateLimit-Policy", '"gateway";q=100;w=60', "RateLimit", '"gateway";r=7;t=30'],
  ]);
  const refused = { allowed: false, limit: 100, remaining: 0, resetMs: 599, retryAfterMs: 599 };
  assert.deepEqual(rateLimitFields(limitWords('a"b\\', { limit: 1, windowMs: 500 }), refused), [
    ...["RateLimit-Policy", '"a\\"b\\\\";q=1;w=1', "RateLimit", '"a\\"b\\\\";r=0;t=1', "Retry-After", "1"],
  ]);
});
