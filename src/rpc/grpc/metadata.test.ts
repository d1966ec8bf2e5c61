import { strict as assert } from "node:assert";
import { test } from "node:test";
import * as grpc from "@grpc/grpc-js";
import fc from "fast-check";
import { z } from "zod";
import { seededRandom, systemClock, TuskerError } from "../../kernel/index.ts";
import { createLogger, createTracer, ratioSampler } from "../../telemetry/index.ts";
import type { CallOptions } from "../caller.ts";
import { client } from "../client.ts";
import type { RpcContext } from "../context.ts";
import { contract } from "../contract.ts";
import { fail } from "../fault.ts";
import { Metadata, toBinaryText } from "../fields/metadata.ts";
import type { Parts } from "../runtime.ts";
import { apiCommunicationSection, grpcSection } from "../section.ts";
import { type Serving, serve } from "../serve.ts";

// What travels beside messages: fields of the caller, and of the answer before and after its messages.

const Text = z.object({ text: z.string() });
const Notes = contract("note-service", {
  note: { http: "POST /note", in: Text, out: Text, errors: { NO: { http: 409, grpc: "ABORTED" } } },
  notes: { stream: "both", in: Text, out: Text, errors: { NO: 404 } },
});
const parts = (more: Partial<Parts> = {}): Partial<Parts> => ({
  tracer: createTracer({
    service: "t",
    sampler: ratioSampler(0),
    sink: { accept: () => undefined },
    clock: systemClock,
  }),
  log: createLogger({ service: "t", write: () => undefined, clock: systemClock }),
  random: seededRandom(1),
  calls: apiCommunicationSection.parse({ retry_attempts: 0 }),
  discovery: undefined,
  lockFile: undefined,
  ...more,
});
const raw = new Uint8Array([0, 255, 10, 44]);

/** Says back what it is told, before and after its messages. */
const echo = (ctx: RpcContext): void => {
  ctx.setHeader("X-Initial", ctx.header("x-initial") ?? "none");
  ctx.setTrailer("x-trailing-bin", ctx.metadata.allBytes("X-Trailing-Bin"));
};
const serveNotes = (more: Partial<Parts> = {}, note?: (ctx: RpcContext) => void): Promise<Serving> =>
  serve(
    Notes,
    {
      note(input, ctx) {
        (note ?? echo)(ctx);
        if (input.text === "no") throw fail(Notes.note, "NO", "never", { why: "so" });
        return input;
      },
      async *notes(inputs, ctx) {
        (note ?? echo)(ctx);
        for await (const one of inputs) {
          if (one.text === "no") throw fail(Notes.notes, "NO", "never");
          yield one;
        }
      },
    },
    { port: 0, grpcPort: 0, parts: parts(more) },
  );
interface Heard {
  readonly options: CallOptions;
  readonly heads: Metadata[];
  readonly tails: Metadata[];
}
function listen(): Heard {
  const [heads, tails]: [Metadata[], Metadata[]] = [[], []];
  const options: CallOptions = {
    headers: { "X-Initial": "blue", "x-trailing-bin": [raw, new Uint8Array()] },
    onHeader: (head) => heads.push(head),
    onTrailer: (tail) => tails.push(tail),
  };
  return { options, heads, tails };
}
const failureOf = async (work: Promise<unknown>): Promise<TuskerError> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof TuskerError, String(error));
  return error;
};
async function all<T>(answers: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const one of answers) list.push(one);
  return list;
}

for (const engine of ["tusker", "node"] as const) {
  test(`${engine}: text and bytes reach the handler, and come back before and after the answer`, async () => {
    const more = { grpc: grpcSection.parse({ engine }) };
    await using server = await serveNotes(more);
    const url = `http://127.0.0.1:${server.grpcPort}`;
    await using api = client(Notes, { protocol: "grpc", url, parts: parts(more) });
    for (const call of [
      (options: CallOptions) => api.note({ text: "a" }, options),
      (options: CallOptions) => all(api.notes([{ text: "a" }, { text: "b" }], options)),
    ]) {
      const { options, heads, tails } = listen();
      await call(options);
      assert.deepEqual([heads.length, tails.length], [1, 1]);
      assert.deepEqual([heads[0]?.get("X-INITIAL"), heads[0]?.get("x-trailing-bin")], ["blue", undefined]);
      assert.deepEqual(tails[0]?.allBytes("x-trailing-bin"), [raw, new Uint8Array()]);
      assert.equal(tails[0]?.get("grpc-status"), "0");
    }
  });

  test(`${engine}: a call that fails says both all the same`, async () => {
    const more = { grpc: grpcSection.parse({ engine }) };
    await using server = await serveNotes(more);
    const url = `http://127.0.0.1:${server.grpcPort}`;
    await using api = client(Notes, { protocol: "grpc", url, parts: parts(more) });
    for (const call of [
      (options: CallOptions) => api.note({ text: "no" }, options),
      (options: CallOptions) => all(api.notes([{ text: "no" }], options)),
    ]) {
      const { options, heads, tails } = listen();
      assert.equal((await failureOf(call(options))).code, "RPC_FAULT");
      assert.equal(heads[0]?.get("x-initial"), "blue");
      assert.deepEqual(tails[0]?.bytes("x-trailing-bin"), raw);
    }
  });
}

test("over REST both stand in the head of the answer", async () => {
  await using server = await serveNotes();
  await using api = client(Notes, { url: server.url, parts: parts() });
  for (const text of ["a", "no"]) {
    const { options, heads } = listen();
    await api.note({ text }, options).catch(() => {});
    assert.equal(heads[0]?.get("x-initial"), "blue");
    assert.deepEqual(heads[0]?.bytes("x-trailing-bin"), raw);
  }
});

test("a stock client and a stock server mean the same bytes", async () => {
  await using server = await serveNotes();
  const bytes = (message: Buffer): Buffer => message;
  const stock = new grpc.Client(`127.0.0.1:${server.grpcPort}`, grpc.credentials.createInsecure());
  const metadata = new grpc.Metadata();
  metadata.set("x-initial", "green");
  metadata.add("x-trailing-bin", Buffer.from(raw));
  const call = stock.makeBidiStreamRequest("/note_service.NoteService/Notes", bytes, bytes, metadata);
  const head = new Promise<grpc.Metadata>((resolve) => call.once("metadata", resolve));
  const status = new Promise<grpc.StatusObject>((resolve) => call.once("status", resolve));
  call.on("data", () => {});
  call.end(Buffer.from("0a0161", "hex"));
  assert.deepEqual((await head).get("x-initial"), ["green"]);
  assert.deepEqual((await status).metadata.get("x-trailing-bin"), [Buffer.from(raw)]);
  stock.close();
});

test("what cannot be added says why, and fails the call", async () => {
  const cases: [(ctx: RpcContext) => void, RegExp][] = [
    [(ctx) => ctx.setHeader("grpc-status", "0"), /belongs to gRPC/],
    [(ctx) => ctx.setHeader("content-length", "0"), /belongs to the connection/],
    [(ctx) => ctx.setTrailer("x y", "0"), /no name/],
    [(ctx) => ctx.setTrailer("x-bin", "text"), /carries bytes/],
    [(ctx) => ctx.setTrailer("x", raw), /name that ends in -bin/],
    [(ctx) => ctx.setTrailer("x", "é"), /no header field can carry/],
    [(ctx) => ctx.setTrailer("x", "y".repeat(7_000)), /bytes of fields/],
  ];
  for (const [note, reason] of cases) {
    await using server = await serveNotes({}, note);
    const url = `http://127.0.0.1:${server.grpcPort}`;
    await using api = client(Notes, { protocol: "grpc", url, parts: parts() });
    const error = await failureOf(api.note({ text: "a" }));
    assert.equal(error.code, "RPC_INVALID_OUTPUT");
    assert.match(error.message, reason);
  }
});

test("the head of a stream is closed by its first message", async () => {
  const said = Promise.withResolvers<unknown>();
  await using server = await serve(
    Notes,
    {
      note: (input) => input,
      async *notes(inputs, ctx) {
        ctx.setHeader("x", "early");
        for await (const one of inputs) yield one;
        try {
          ctx.setHeader("x", "late");
        } catch (error) {
          said.resolve(error);
        }
        ctx.setTrailer("x", "late");
      },
    },
    { port: 0, grpcPort: 0, parts: parts() },
  );
  const url = `http://127.0.0.1:${server.grpcPort}`;
  await using api = client(Notes, { protocol: "grpc", url, parts: parts() });
  const { options, heads, tails } = listen();
  await all(api.notes([{ text: "a" }], options));
  assert.match(String(await said.promise), /the first message has left/);
  assert.deepEqual([heads[0]?.all("x"), tails[0]?.all("x")], [["early"], ["late"]]);
});

test("what a caller cannot send is refused before it is sent", async () => {
  await using api = client(Notes, { protocol: "grpc", url: "http://127.0.0.1:1", parts: parts() });
  const wrong = [{ "grpc-timeout": "1S" }, { "x-bin": "AP8" }, { x: raw }, { "content-type": "a" }];
  for (const headers of [...wrong, { x: 7 as never }, { "x-bin": 7 as never }])
    assert.equal((await failureOf(api.note({ text: "a" }, { headers }))).code, "RPC_INVALID_INPUT");
});

test("a listener that throws ends its own call", async () => {
  await using server = await serveNotes();
  const url = `http://127.0.0.1:${server.grpcPort}`;
  await using api = client(Notes, { protocol: "grpc", url, parts: parts() });
  for (const name of ["onHeader", "onTrailer"] as const) {
    const broken: CallOptions = {
      [name]: () => {
        throw new TuskerError("RPC_INVALID_INPUT", "not that one");
      },
    };
    assert.match((await failureOf(all(api.notes([{ text: "a" }], broken)))).message, /not that one/);
    assert.match((await failureOf(api.note({ text: "a" }, broken))).message, /not that one/);
  }
  assert.deepEqual(await api.note({ text: "a" }), { text: "a" });
});

test("any bytes survive base64, joined by a comma or padded by another implementation", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array(), { minLength: 1 }), (values) => {
      const joined = values.map(toBinaryText).join(",");
      const padded = values.map((value) => Buffer.from(value).toString("base64")).join(", ");
      for (const text of [joined, padded])
        assert.deepEqual(
          new Metadata(["X-Bin", text]).allBytes("x-bin"),
          values.map((value) => Uint8Array.from(value)),
        );
    }),
  );
});
