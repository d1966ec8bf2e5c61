import { strict as assert } from "node:assert";
import { test } from "node:test";
import { z } from "zod";
import { manualClock, seededRandom, systemClock, TuskerError } from "../../kernel/index.ts";
import { createLogger, createTracer, ratioSampler } from "../../telemetry/index.ts";
import { type ClientTable, client } from "../client.ts";
import { contract, type SpecsOf } from "../contract.ts";
import { fail, isFault } from "../fault.ts";
import type { Parts } from "../runtime.ts";
import { apiCommunicationSection, grpcSection } from "../section.ts";
import { type Handlers, serve } from "../serve.ts";

// Methods whose messages come over time, between our client and our server, on both engines.

const Count = z.object({ n: z.int() });
const Text = z.object({ text: z.string() });
const Counts = contract("count-service", {
  upTo: { stream: "out", in: Count, out: Count, errors: { TOO_MANY: 429 } },
  sum: { stream: "in", in: Count, out: Count },
  echo: { stream: "both", in: Text, out: Text },
  one: { http: "POST /one", in: Count, out: Count },
});
type Api = ClientTable<SpecsOf<typeof Counts>>;

const parts = (more: Partial<Parts> = {}): Partial<Parts> => ({
  tracer: createTracer({
    service: "t",
    sampler: ratioSampler(0),
    sink: { accept: () => undefined },
    clock: systemClock,
  }),
  log: createLogger({ service: "t", write: () => undefined, clock: systemClock }),
  random: seededRandom(1),
  calls: apiCommunicationSection.parse({ retry_delay: "1ms" }),
  discovery: undefined,
  lockFile: undefined,
  ...more,
});
const handlers: Handlers<typeof Counts> = {
  async *upTo({ n }) {
    if (n > 1_000_000) throw fail(Counts.upTo, "TOO_MANY", "too many");
    for (let i = 1; i <= n; i++) yield { n: i };
  },
  async sum(inputs) {
    let sum = 0;
    for await (const { n } of inputs) sum += n;
    return { n: sum };
  },
  async *echo(inputs) {
    for await (const one of inputs) yield one;
  },
  one: (input) => input,
};
const each = (
  name: string,
  run: (api: Api, more: { readonly port: number }) => Promise<void>,
  mine: Partial<Handlers<typeof Counts>> = {},
  more: Partial<Parts> = {},
): void => {
  for (const engine of ["tusker", "node"] as const) {
    test(`${engine}: ${name}`, async () => {
      const all = parts({ grpc: grpcSection.parse({ engine }), ...more });
      await using server = await serve(
        Counts,
        { ...handlers, ...mine },
        { port: 0, grpcPort: 0, parts: all },
      );
      const port = server.grpcPort ?? 0;
      await using api = client(Counts, { protocol: "grpc", url: `http://127.0.0.1:${port}`, parts: all });
      await run(api, { port });
    });
  }
};
const failureOf = async (work: Promise<unknown>): Promise<TuskerError> => {
  try {
    await work;
  } catch (error) {
    if (error instanceof TuskerError) return error;
    throw error;
  }
  throw new Error("it did not fail");
};
async function all<T>(answers: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const one of answers) list.push(one);
  return list;
}

each("answers come over time, with their types", async (api) => {
  const seen: number[] = [];
  for await (const { n } of api.upTo({ n: 5 })) seen.push(n);
  assert.deepEqual(seen, [1, 2, 3, 4, 5]);
  assert.deepEqual(await all(api.upTo({ n: 0 })), []);
});

each("messages of a caller are summed up, from arrays and generators", async (api) => {
  assert.deepEqual(await api.sum([{ n: 1 }, { n: 2 }]), { n: 3 });
  const numbers = async function* (): AsyncGenerator<{ n: number }> {
    for (let n = 0; n < 1_000; n++) yield { n };
  };
  assert.deepEqual(await api.sum(numbers()), { n: 499_500 });
  assert.deepEqual(await api.sum([]), { n: 0 });
});

each("both sides talk by turns", async (api) => {
  const heard = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const said = async function* (): AsyncGenerator<{ text: string }> {
    yield { text: "a" };
    await heard[0]!.promise;
    yield { text: "b" };
    await heard[1]!.promise;
  };
  const answers: string[] = [];
  for await (const { text } of api.echo(said())) {
    answers.push(text);
    heard[answers.length - 1]!.resolve();
  }
  assert.deepEqual(answers, ["a", "b"]);
});

each("large messages pass both windows whole", async (api) => {
  const text = "x".repeat(1_000_000);
  const back = await all(api.echo([{ text }, { text: "small" }, { text }]));
  assert.deepEqual(
    back.map((one) => one.text.length),
    [1_000_000, 5, 1_000_000],
  );
});

each("a declared error ends a stream as such, before or after messages", async (api) => {
  assert.equal(isFault(await failureOf(all(api.upTo({ n: 2_000_000 }))), Counts.upTo, "TOO_MANY"), true);
});

each(
  "what breaks after messages is told, and what came before was read",
  async (api) => {
    const seen: number[] = [];
    const failure = await failureOf(
      (async () => {
        for await (const { n } of api.upTo({ n: 3 })) seen.push(n);
      })(),
    );
    assert.deepEqual(seen, [1]);
    assert.equal(isFault(failure, Counts.upTo, "TOO_MANY"), true);
  },
  {
    async *upTo() {
      yield { n: 1 };
      throw fail(Counts.upTo, "TOO_MANY", "enough");
    },
  },
);

each("a message that does not fit the contract ends the stream", async (api) => {
  const wrong = [{ n: 1 }, { n: "two" as never }];
  assert.equal((await failureOf(api.sum(wrong))).code, "RPC_INVALID_INPUT");
});

const left: PromiseWithResolvers<number>[] = [];
each(
  "a caller that stops reading ends the handler, which cleans up",
  async (api) => {
    left.push(Promise.withResolvers<number>());
    for await (const { n } of api.upTo({ n: 1 })) if (n === 3) break;
    assert.ok((await left.at(-1)!.promise) >= 3);
  },
  {
    async *upTo() {
      let n = 0;
      try {
        for (;;) yield { n: ++n };
      } finally {
        left.at(-1)?.resolve(n);
      }
    },
  },
);

let produced = 0;
each(
  "a slow reader slows the sender down",
  async (api) => {
    produced = 0;
    const iterator = api.echo([{ text: "go" }])[Symbol.asyncIterator]();
    await iterator.next();
    for (let before = -1; before !== produced; ) {
      before = produced;
      for (let i = 0; i < 30; i++) await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(produced < 1_000, `${produced} messages of 16 KiB for a reader that took one`);
    await iterator.return?.();
  },
  {
    async *echo() {
      for (;;) {
        produced++;
        yield { text: "y".repeat(16_384) };
      }
    },
  },
);

const time = manualClock();
const waiting: { begun: PromiseWithResolvers<void>; ended: PromiseWithResolvers<string> }[] = [];
each(
  "a deadline ends a stream on both sides",
  async (api) => {
    const [begun, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()];
    waiting.push({ begun, ended });
    const failure = failureOf(all(api.upTo({ n: 1 }, { timeoutMs: 5_000 })));
    await begun.promise;
    time.advance(5_000);
    assert.equal((await failure).code, "RESILIENCE_DEADLINE");
    assert.match(await ended.promise, /RESILIENCE_DEADLINE|KERNEL_ABORTED/);
  },
  {
    async *upTo(_input, ctx) {
      waiting.at(-1)?.begun.resolve();
      await new Promise<void>((resolve) => ctx.signal.addEventListener("abort", () => resolve()));
      const { reason } = ctx.signal;
      waiting.at(-1)?.ended.resolve(reason instanceof TuskerError ? reason.code : "other");
    },
  },
  { clock: time },
);

each("a signal ends a stream", async (api) => {
  const stop = new AbortController();
  const failure = failureOf(
    (async () => {
      for await (const { n } of api.upTo({ n: 1_000_000 }, { signal: stop.signal }))
        if (n === 2) stop.abort();
    })(),
  );
  assert.equal((await failure).code, "KERNEL_ABORTED");
});

each("nobody there is told before anything of the inputs is taken", async (_api) => {
  await using api = client(Counts, { protocol: "grpc", url: "http://127.0.0.1:1", parts: parts() });
  let taken = 0;
  const inputs = async function* (): AsyncGenerator<{ n: number }> {
    taken++;
    yield { n: 1 };
  };
  assert.equal((await failureOf(api.sum(inputs()))).code, "NET_CONNECT");
  assert.equal(taken, 0);
});

test("a stream is not to be had over REST, and says so", async () => {
  const all = parts({ clock: manualClock() });
  await using server = await serve(Counts, handlers, { port: 0, grpcPort: false, parts: all });
  await using api = client(Counts, { protocol: "rest", url: server.url, parts: all });
  assert.equal((await failureOf(api.sum([{ n: 1 }]))).code, "RPC_CONTRACT");
  assert.deepEqual(await api.one({ n: 4 }), { n: 4 });
});
