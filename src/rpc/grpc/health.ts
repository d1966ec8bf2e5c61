import { TuskerError } from "../../kernel/index.ts";
import { ByteReader, ByteWriter, wireType } from "../proto/wire.ts";
import type { Lifecycle } from "../service.ts";
import { frame } from "./frame.ts";
import type { ByteMethod } from "./serving/method.ts";

/** https://github.com/grpc/grpc/blob/master/doc/health-checking.md. */
export const healthService = "grpc.health.v1.Health";

const [serving, notServing, serviceUnknown] = [1, 2, 3];

/**
 * `grpc.health.v1`: the empty name asks about the server as a whole. A watch hears of every change; it ends when the
 * server does.
 *
 * @param services full names of those that are served
 */
export function healthMethods(services: readonly string[], lifecycle: Lifecycle): Map<string, ByteMethod> {
  const known: ReadonlySet<unknown> = new Set(["", ...services]);
  const status = (): number => (lifecycle.draining ? notServing : serving);
  const check: ByteMethod = {
    kind: "unary",
    decode: serviceAsked,
    answer(_call, input) {
      if (!input.ok) throw malformed(input.error);
      if (known.has(input.value)) return response(status());
      throw new TuskerError("RPC_UNKNOWN_SERVICE", "this server has no such service");
    },
  };
  const watch: ByteMethod = {
    kind: "stream",
    decode: serviceAsked,
    async *answers(call, inputs) {
      for await (const asked of inputs) {
        if (!known.has(asked)) yield response(serviceUnknown);
        else yield response(status());
        if (lifecycle.draining) return;
        await changeOrGone(lifecycle, call.signal);
        if (known.has(asked) && !call.signal.aborted) yield response(status());
        return;
      }
    },
  };
  return new Map<string, ByteMethod>([
    [`/${healthService}/Check`, check],
    [`/${healthService}/Watch`, watch],
  ]);
}

/** Resolves when the server is asked to end, or the caller has gone. */
function changeOrGone(lifecycle: Lifecycle, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const drained = lifecycle.onDrain(done);
    signal.addEventListener("abort", done, { once: true });
    if (signal.aborted) done();
    function done(): void {
      drained[Symbol.dispose]();
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}

/** The name in a HealthCheckRequest. @throws WireError when it is no message */
function serviceAsked(request: Uint8Array): string {
  const reader = new ByteReader(request);
  let asked = "";
  while (!reader.done) {
    const { number, type } = reader.tag();
    if (number === 1 && type === wireType.bytes) asked = reader.string();
    else reader.skip(type);
  }
  return asked;
}

/** A HealthCheckResponse, framed. */
function response(status: number): Uint8Array {
  const writer = new ByteWriter(2);
  writer.tag(1, wireType.varint);
  writer.varint(status);
  return frame(writer.finish());
}

function malformed(cause: unknown): TuskerError {
  return new TuskerError("RPC_PROTOCOL", "the request is no HealthCheckRequest", { cause });
}
