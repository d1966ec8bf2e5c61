import { type ErrorDetails, TuskerError } from "../../../src/kernel/index.ts";
import { grpcStatus } from "../../../src/rpc/grpc/status.ts";
import { type CallOptions, client, type Metadata, type Parts, serve } from "../../../src/rpc/index.ts";
import { apiCommunicationSection, grpcSection } from "../../../src/rpc/section.ts";
import {
  type Caller,
  type InteropCall,
  type Packing,
  type Said,
  Sending,
  type Served,
  sizeOf,
} from "./party.ts";
import { Believed, handlers, Interop, initialName, type Live, Nowhere, trailingName } from "./service.ts";

/** What speaks HTTP/2: our engine, or node:http2 behind the same interfaces. */
export type Engine = "tusker" | "node";

const parts = (packing: Packing, engine: Engine): Partial<Parts> => ({
  discovery: undefined,
  lockFile: undefined,
  calls: apiCommunicationSection.parse({ retry_attempts: 0, circuit_breaker_enabled: false }),
  grpc: grpcSection.parse({ engine, ...(packing === "packed" ? { compress_above: "1KiB" } : {}) }),
});

/** Our server, and how many calls it is answering. */
export async function serveOurs(
  packing: Packing,
  engine: Engine = "tusker",
): Promise<Served & { readonly live: Live }> {
  const live = { count: 0 };
  const server = await serve(Interop, handlers(live), {
    port: 0,
    grpcPort: 0,
    parts: parts(packing, engine),
  });
  return { live, port: server.grpcPort ?? 0, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

export function connectOurs(port: number, packing: Packing, engine: Engine = "tusker"): Caller {
  const url = `http://127.0.0.1:${port}`;
  const api = client(Believed, { protocol: "grpc", url, parts: parts(packing, engine) });
  const nowhere = client(Nowhere, { protocol: "grpc", url, parts: parts(packing, engine) });
  return {
    async call(call) {
      const heard: { sizes: number[]; head?: Metadata; tail?: Metadata } = { sizes: [] };
      const stop = new AbortController();
      const options: CallOptions = {
        signal: stop.signal,
        headers: {
          ...(call.initial === undefined ? {} : { [initialName]: call.initial }),
          ...(call.trailing === undefined ? {} : { [trailingName]: call.trailing }),
        },
        ...(call.timeoutMs === undefined ? {} : { timeoutMs: call.timeoutMs }),
        onHeader: (head) => {
          heard.head = head;
        },
        onTrailer: (tail) => {
          heard.tail = tail;
        },
      };
      const outcome = await outcomeOf(run(call.nowhere === true ? nowhere : api, call, options, heard, stop));
      return {
        ...outcome,
        sizes: heard.sizes,
        initial: heard.head?.get(initialName),
        trailing: heard.tail?.bytes(trailingName),
      };
    },
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]();
      await nowhere[Symbol.asyncDispose]();
    },
  };
}

async function run(
  api: object,
  call: InteropCall,
  options: CallOptions,
  heard: { sizes: number[] },
  stop: AbortController,
): Promise<void> {
  const sending = new Sending(call, call.messages);
  const several = call.method === "streamingInputCall" || call.method === "fullDuplexCall";
  const method: unknown = Reflect.get(api, call.method);
  if (typeof method !== "function") throw new Error(`no ${call.method}`);
  const answer: unknown = method(several ? sending.messages() : call.messages[0], options);
  if (call.cancel === "after begin") stop.abort();
  try {
    if (typeof answer === "object" && answer !== null && Symbol.asyncIterator in answer) {
      for await (const one of answer as AsyncIterable<unknown>) {
        heard.sizes.push(sizeOf(one));
        sending.heard();
        if (call.cancel === "after first answer") stop.abort();
      }
    } else heard.sizes.push(sizeOf(await answer));
  } finally {
    sending.end();
  }
}

async function outcomeOf(work: Promise<void>): Promise<Pick<Said, "status" | "message">> {
  try {
    await work;
    return { status: grpcStatus.OK, message: "" };
  } catch (error) {
    if (!(error instanceof TuskerError)) throw error;
    // What another implementation said stands behind who said it.
    const message = error.message.replace(/^[\w.-]+ answered [A-Z_]+: /, "");
    return { status: statusOf(error.details) ?? error.row.grpc, message };
  }
}

function statusOf({ grpcStatus: name }: ErrorDetails): number | undefined {
  return Object.entries(grpcStatus).find(([one]) => one === name)?.[1];
}
