import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Code, codes, fromProblem, messageOf, TuskerError, toProblem, toTuskerError } from "./index.ts";

const anyCode = fc.constantFrom(...Object.keys(codes)).map((code) => code as Code);

test("a problem document as RFC 9457 wants it", () => {
  const error = new TuskerError("GATEWAY_NO_ENDPOINT", "no healthy endpoint for users", {
    details: { service: "users" },
    cause: new Error("inner secret"),
  });
  assert.deepEqual(toProblem(error, "4bf92f3577b34da6a3ce929d0e0e4736"), {
    type: "urn:tusker:error:GATEWAY_NO_ENDPOINT",
    title: "no endpoint",
    status: 503,
    detail: "no healthy endpoint for users",
    code: "GATEWAY_NO_ENDPOINT",
    trace_id: "4bf92f3577b34da6a3ce929d0e0e4736",
    details: { service: "users" },
  });
});

test("what is absent is not written", () => {
  const problem = toProblem(new TuskerError("NET_RESET", "x"));
  assert.equal("trace_id" in problem, false);
  assert.equal("details" in problem, false);
});

test("causes and stacks stay inside", () => {
  const error = new TuskerError("KERNEL_INTERNAL", "x", { cause: new Error("inner secret") });
  assert.doesNotMatch(JSON.stringify(toProblem(error)), /inner secret|\.ts/);
});

test("a stranger's message stays inside, whoever threw it and in whatever form", () => {
  for (const thrown of [
    new Error("no such table at /srv/path.db"),
    "password=1",
    new AggregateError([new Error("row 7")], ""),
  ]) {
    const error = toTuskerError(thrown);
    assert.equal(error.message, messageOf(thrown), "the log still has it");
    const text = JSON.stringify(toProblem(error));
    assert.equal(text.includes(messageOf(thrown)), false);
    assert.match(text, /the log of the service holds the cause/);
  }
  const said = new TuskerError("KERNEL_INTERNAL", "an exchange was answered twice", {
    cause: new Error("x"),
  });
  assert.equal(toProblem(said).detail, "an exchange was answered twice");
});

test("a problem can always be written, whatever its details hold", () => {
  const ring: Record<string, unknown> = {};
  ring.self = ring;
  const throwing = {
    get value(): string {
      throw new Error("no");
    },
  };
  for (const details of [ring, throwing, { f: { toJSON: () => throwing.value } }]) {
    const problem = toProblem(new TuskerError("NET_RESET", "x", { details }));
    assert.equal(JSON.parse(JSON.stringify(problem)).code, "NET_RESET");
    assert.equal("details" in problem, false);
  }
  const big = toProblem(new TuskerError("NET_RESET", "x", { details: { n: 10n ** 20n, m: 1 } }));
  assert.deepEqual(big.details, { n: "100000000000000000000", m: 1 });
});

test("an error that went over the wire is the same error", () => {
  const details = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean()), {
    noNullPrototype: true,
  });
  fc.assert(
    fc.property(anyCode, fc.string(), details, (code, message, facts) => {
      const there = new TuskerError(code, message, { details: facts });
      const back = fromProblem(JSON.parse(JSON.stringify(toProblem(there))));
      assert.ok(back !== undefined);
      assert.deepEqual([back.code, back.message], [code, message]);
      assert.deepEqual({ ...back.details }, JSON.parse(JSON.stringify(facts)));
    }),
  );
});

test("foreign problems, and anything else, are none of ours", () => {
  for (const body of [undefined, null, 1, "x", [], {}, { code: 5 }, { code: "SOMETHING_ELSE", detail: "x" }])
    assert.equal(fromProblem(body), undefined);
});

test("a problem with broken members still gives its code", () => {
  const back = fromProblem({ code: "NET_TIMEOUT", detail: 5, details: "x" });
  assert.deepEqual([back?.code, back?.message, back?.details], ["NET_TIMEOUT", "timeout", {}]);
});
