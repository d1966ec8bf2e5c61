import { strict as assert } from "node:assert";
import { test } from "node:test";
import { z } from "zod";
import { manualClock, TuskerError } from "../kernel/index.ts";
import { createLogger } from "../telemetry/index.ts";
import { currentCall, type Incoming, type RpcContext, ServerCall } from "./context.ts";
import { contract } from "./contract.ts";
import { type AnyHandler, dispatch, type Outcome, sentence } from "./dispatch.ts";
import { Fault, fail, markRemote } from "./fault.ts";
import { AnswerFields } from "./fields/answer.ts";

const { act, other } = contract("act-service", {
  act: {
    http: "POST /act",
    in: z.object({ n: z.int().default(1) }),
    out: z.object({ n: z.int() }),
    errors: { NO: 404 },
  },
  other: { http: "POST /other", in: z.object({}), out: z.object({}), errors: { NO: 404 } },
});
interface World {
  readonly clock: ReturnType<typeof manualClock>;
  readonly lines: string[];
  readonly gone: AbortController;
  readonly asked: { signal: number };
  run(
    handler: AnyHandler,
    input?: unknown,
    headers?: Readonly<Record<string, string>>,
    defaultMs?: number,
  ): Promise<Outcome>;
}
function world(): World {
  const clock = manualClock();
  const lines: string[] = [];
  const gone = new AbortController();
  const asked = { signal: 0 };
  const log = createLogger({ service: "t", write: (line) => lines.push(line), clock });
  return {
    clock,
    lines,
    gone,
    asked,
    run(handler, input = {}, headers = {}, defaultMs) {
      const incoming: Incoming = {
        protocol: "rest",
        header: (name) => headers[name],
        fields: Object.entries(headers).flat(),
        answer: new AnswerFields(),
        get signal() {
          asked.signal++;
          return gone.signal;
        },
      };
      return dispatch(act, handler, () => input, incoming, { clock, log }, defaultMs);
    },
  };
}
const codeOf = (outcome: Outcome): string => (outcome.ok ? "fine" : outcome.error.code);

test("the handler gets the parsed input, the caller the parsed output", async () => {
  const { run } = world();
  const outcome = await run((input) => ({ ...(input as object), extra: "dropped" }));
  assert.deepEqual(outcome, { ok: true, value: { n: 1 } });
});

test("a handler that never asks for the signal never causes one", async () => {
  const { run, asked } = world();
  await run(() => ({ n: 1 }), {}, { "x-request-deadline": "1000" });
  assert.equal(asked.signal, 0);
});

test("the signal fires when the caller goes and when the deadline passes, with the reason", async () => {
  const { run, gone, clock } = world();
  const reasons: string[] = [];
  const wait: AnyHandler = (_input, { signal }: RpcContext) =>
    new Promise((resolve) => {
      signal.addEventListener("abort", () => {
        reasons.push(signal.reason.code);
        resolve({ n: 1 });
      });
    });
  const late = run(wait, {}, { "x-request-deadline": "50" });
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(50);
  assert.equal(codeOf(await late), "RESILIENCE_DEADLINE");
  const left = run(wait);
  await new Promise((resolve) => setImmediate(resolve));
  gone.abort(new TuskerError("KERNEL_ABORTED", "gone"));
  await left;
  assert.deepEqual(reasons, ["RESILIENCE_DEADLINE", "KERNEL_ABORTED"]);
  assert.equal(clock.pending, 0);
});

test("the earlier of two told deadlines counts, and a default only without any", async () => {
  const { run } = world();
  const left: (number | undefined)[] = [];
  const look: AnyHandler = (_input, ctx) => {
    left.push(ctx.deadline);
    return { n: 1 };
  };
  await run(look, {}, { "x-request-deadline": "900", "grpc-timeout": "1S" }, 10);
  await run(look, {}, { "grpc-timeout": "500m" }, 10);
  await run(look, {}, {}, 10);
  await run(look);
  assert.deepEqual(left, [900, 500, 10, undefined]);
});

test("a call that arrives too late starts no handler", async () => {
  const { run } = world();
  let started = false;
  const outcome = await run(
    () => {
      started = true;
    },
    {},
    { "x-request-deadline": "0" },
  );
  assert.deepEqual([codeOf(outcome), started], ["RESILIENCE_DEADLINE", false]);
});

test("clients inside a handler see the call they serve, outside there is none", async () => {
  const { run } = world();
  let seen: unknown;
  await run(
    async () => {
      await Promise.resolve();
      seen = currentCall()?.deadline;
      return { n: 1 };
    },
    {},
    { "x-request-deadline": "70" },
  );
  assert.deepEqual([seen, currentCall()], [70, undefined]);
});

test("what a handler throws is told apart: declared, ours, behind us, broken", async () => {
  const { run } = world();
  const remote = (
    code: "RPC_INVALID_INPUT" | "RPC_REMOTE" | "NET_OVERLOADED" | "RPC_HANDLER_FAILED",
  ): TuskerError => markRemote(new TuskerError(code, "said"));
  const cases: [unknown, string, number][] = [
    [fail(act, "NO", "no"), "RPC_FAULT", 404],
    [fail(other, "NO", "no"), "RPC_REMOTE", 502],
    [markRemote(new Fault(act, "NO", "no")), "RPC_REMOTE", 502],
    [remote("RPC_INVALID_INPUT"), "RPC_REMOTE", 502],
    [remote("RPC_HANDLER_FAILED"), "RPC_REMOTE", 502],
    [remote("NET_OVERLOADED"), "NET_OVERLOADED", 503],
    [new TuskerError("DISCOVERY_NO_ENDPOINT", "none"), "DISCOVERY_NO_ENDPOINT", 503],
    [new Error("broken"), "RPC_HANDLER_FAILED", 500],
    ["text", "RPC_HANDLER_FAILED", 500],
    [undefined, "RPC_HANDLER_FAILED", 500],
  ];
  for (const [thrown, code, status] of cases) {
    const outcome = await run(() => {
      throw thrown;
    });
    assert.deepEqual(
      outcome.ok ? [] : [outcome.error.code, outcome.error.row.http],
      [code, status],
      String(thrown),
    );
  }
});

test("a fault of another method keeps its words, so that the log tells what happened", async () => {
  const { run } = world();
  const outcome = await run(() => {
    throw fail(other, "NO", "no such thing");
  });
  assert.match(outcome.ok ? "" : outcome.error.message, /act-service\.other answered NO: no such thing/);
});

test("failures of ours are logged once with their cause, a caller's are not", async () => {
  const { run, lines } = world();
  await run(() => Promise.reject(new Error("the disk is full")));
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? "", /act-service\.act failed: the disk is full/);
  await run(() => ({ n: 1 }), { n: "x" });
  await run(() => Promise.reject(fail(act, "NO", "no")));
  assert.equal(lines.length, 1);
});

test("disposing a call lets go of its timer and its caller", () => {
  const { clock, gone } = world();
  const log = createLogger({ service: "t", write: () => undefined, clock });
  const incoming = {
    ...{ protocol: "grpc" as const, header: () => "1S", signal: gone.signal },
    ...{ fields: [], answer: new AnswerFields() },
  };
  {
    using call = new ServerCall(act, incoming, { clock, log });
    assert.equal(call.signal.aborted, false);
    assert.equal(clock.pending, 1);
  }
  assert.equal(clock.pending, 0);
});

test("many wrong fields are told in one line that ends", () => {
  const problems = Array.from({ length: 7 }, (_, i) => ({ path: `f${i}`, message: "is wrong" }));
  assert.equal(
    sentence(problems),
    "f0: is wrong; f1: is wrong; f2: is wrong; f3: is wrong; f4: is wrong; and 2 more",
  );
  assert.equal(sentence([{ path: "", message: "must be an object" }]), "must be an object");
});
