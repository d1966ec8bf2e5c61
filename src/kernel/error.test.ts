import assert from "node:assert/strict";
import { test } from "node:test";
import { messageOf, systemCode, TuskerError, toProblem, toTuskerError } from "./index.ts";

test("an error carries its code, its row, its details and its cause", () => {
  const cause = new Error("refused");
  const error = new TuskerError("GATEWAY_NO_ENDPOINT", "no healthy endpoint for users", {
    cause,
    details: { service: "users" },
  });
  assert.equal(error.code, "GATEWAY_NO_ENDPOINT");
  assert.deepEqual(error.row, { http: 503, grpc: 14, retryable: true });
  assert.deepEqual(error.details, { service: "users" });
  assert.equal(error.cause, cause);
  assert.equal(error.name, "TuskerError");
  assert.ok(error instanceof Error);
});

test("one failure may have another status than its code, on every wire that asks for its row", () => {
  const late = new TuskerError("NET_TIMEOUT", "the client was slow", { status: 408 });
  assert.deepEqual(late.row, { http: 408, grpc: 4, retryable: true });
  assert.equal(toProblem(late).status, 408);
  assert.equal(new TuskerError("NET_TIMEOUT", "x").row.http, 504);
});

test("without a cause there is no cause property", () => {
  assert.equal("cause" in new TuskerError("KERNEL_INTERNAL", "x"), false);
});

test("the error of another copy of the package is recognised by its brand", async () => {
  // A query makes Node load the module a second time: two classes, as with two copies in node_modules.
  const copy: typeof import("./error.ts") = await import(`./error.ts?${"copy"}`);
  const foreign = new copy.TuskerError("NET_RESET", "x");
  assert.notEqual(copy.TuskerError, TuskerError);
  assert.ok(foreign instanceof TuskerError);
  assert.ok(new TuskerError("NET_RESET", "x") instanceof copy.TuskerError);
  assert.equal(toTuskerError(foreign), foreign);
});

test("the brand is not seen by whoever lists or writes an error", () => {
  const error = new TuskerError("NET_RESET", "x");
  assert.deepEqual(Object.keys(error).sort(), ["code", "details", "name"]);
});

test("other things are no TuskerError", () => {
  for (const value of [undefined, null, 1, "x", {}, new Error("x"), { code: "NET_RESET" }])
    assert.equal(value instanceof TuskerError, false);
});

test("toTuskerError leaves ours alone and wraps others once, with their cause", () => {
  const ours = new TuskerError("NET_RESET", "x");
  assert.equal(toTuskerError(ours, "NET_CONNECT"), ours);
  const plain = new Error("boom");
  const wrapped = toTuskerError(plain, "NET_CONNECT");
  assert.deepEqual([wrapped.code, wrapped.message, wrapped.cause], ["NET_CONNECT", "boom", plain]);
  assert.equal(toTuskerError("text").code, "KERNEL_INTERNAL");
  assert.equal(toTuskerError("text").message, "text");
});

test("messageOf reads anything that was thrown", () => {
  assert.equal(messageOf(new Error("a")), "a");
  assert.equal(messageOf("b"), "b");
  assert.equal(messageOf(undefined), "undefined");
  assert.equal(messageOf(new AggregateError([new Error("a"), "b"])), "a; b");
  assert.equal(messageOf(new AggregateError([new Error("a")], "own words")), "own words");
});

test("systemCode finds the code behind wrapped errors, and takes none of ours for it", () => {
  const refused = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
  assert.equal(systemCode(refused), "ECONNREFUSED");
  assert.equal(systemCode(new Error("outer", { cause: refused })), "ECONNREFUSED");
  assert.equal(systemCode(new TuskerError("NET_CONNECT", "x", { cause: refused })), "ECONNREFUSED");
  assert.equal(systemCode(new TuskerError("NET_CONNECT", "x")), undefined);
  assert.equal(systemCode("text"), undefined);
});

test("systemCode gives up on a cause that is its own cause", () => {
  const loop = new Error("loop");
  loop.cause = loop;
  assert.equal(systemCode(loop), undefined);
});
