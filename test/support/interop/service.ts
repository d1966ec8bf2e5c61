import { z } from "zod";
import { contract, fail, type Handlers, infoOf, type RpcContext } from "../../../src/rpc/index.ts";

// gRPC's test service (https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md) as a contract.

const Payload = z.object({ body: z.string() });
const Status = z.object({ code: z.int(), message: z.string() });
const Simple = z.object({
  responseSize: z.int().optional(),
  payload: Payload.optional(),
  responseStatus: Status.optional(),
});
const Parameters = z.object({ size: z.int(), intervalMs: z.int().optional() });
const Streamed = z.object({
  responseParameters: z.array(Parameters),
  payload: Payload.optional(),
  responseStatus: Status.optional(),
});
const Answer = z.object({ payload: Payload.optional() });
/** The description asks for code 2, which no HTTP status means. */
const errors = { ASKED_FOR: { http: 500, grpc: "UNKNOWN" } } as const;

const methods = {
  emptyCall: { http: "POST /empty", in: z.object({}), out: z.object({}) },
  unaryCall: { http: "POST /unary", in: Simple, out: Answer, errors },
  streamingInputCall: {
    stream: "in",
    in: z.object({ payload: Payload }),
    out: z.object({ aggregatedPayloadSize: z.int() }),
  },
  streamingOutputCall: { stream: "out", in: Streamed, out: Answer },
  fullDuplexCall: { stream: "both", in: Streamed, out: Answer, errors },
} as const;

/** What is served. */
export const Interop = contract("interop-service", methods);

const unimplementedCall = { http: "POST /unimplemented", in: z.object({}), out: z.object({}) } as const;

/** What callers believe: a method more. */
export const Believed = contract("interop-service", { ...methods, unimplementedCall });

/** A service that nobody serves. */
export const Nowhere = contract("unimplemented-service", { unimplementedCall });

export type MethodName = keyof typeof methods | "unimplementedCall";

export const initialName = "x-grpc-test-echo-initial";
export const trailingName = "x-grpc-test-echo-trailing-bin";

/** Names on the wire. */
export const packageName = "interop_service";
export const serviceName = `${packageName}.InteropService`;

export const streamsOf = (method: MethodName) =>
  infoOf(Believed).methods.find(({ name }) => name === method)?.stream;

/** Calls that are being answered; a call that was given up must not stay. */
export interface Live {
  count: number;
}

export function handlers(live: Live): Handlers<typeof Interop> {
  return {
    emptyCall: () => ({}),
    unaryCall({ responseSize = 0, responseStatus }, ctx) {
      echo(ctx);
      if (responseStatus !== undefined) throw fail(Interop.unaryCall, "ASKED_FOR", responseStatus.message);
      return { payload: { body: zeros(responseSize) } };
    },
    async streamingInputCall(inputs) {
      live.count++;
      try {
        let aggregatedPayloadSize = 0;
        for await (const { payload } of inputs) aggregatedPayloadSize += payload.body.length;
        return { aggregatedPayloadSize };
      } finally {
        live.count--;
      }
    },
    async *streamingOutputCall({ responseParameters }) {
      for (const { size } of responseParameters) yield { payload: { body: zeros(size) } };
    },
    async *fullDuplexCall(inputs, ctx) {
      live.count++;
      try {
        echo(ctx);
        for await (const { responseParameters, responseStatus } of inputs) {
          if (responseStatus !== undefined)
            throw fail(Interop.fullDuplexCall, "ASKED_FOR", responseStatus.message);
          for (const { size, intervalMs } of responseParameters) {
            if (intervalMs !== undefined) await gone(ctx.signal);
            yield { payload: { body: zeros(size) } };
          }
        }
      } finally {
        live.count--;
      }
    },
  };
}

export const zeros = (size: number): string => "\0".repeat(size);

function echo(ctx: RpcContext): void {
  const initial = ctx.header(initialName);
  const trailing = ctx.metadata.allBytes(trailingName);
  if (initial !== undefined) ctx.setHeader(initialName, initial);
  if (trailing.length > 0) ctx.setTrailer(trailingName, trailing);
}

/** Who is asked to sleep sleeps until nobody waits any more. */
function gone(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
