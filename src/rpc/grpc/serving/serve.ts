import { TuskerError } from "../../../kernel/index.ts";
import {
  type HeaderList,
  headerOf,
  type MessageStream,
  type StreamHandler,
  type StreamListener,
} from "../../../net/index.ts";
import { parseGrpcTimeout } from "../../../resilience/index.ts";
import { encodeMessage, grpcStatus } from "../status.ts";
import { type CallOptions, StreamCall, UnaryCall } from "./call.ts";
import { dialectOf } from "./head.ts";
import type { ByteMethod } from "./method.ts";
import { Reply } from "./reply.ts";
import { pageFields, preflight, type WebOrigins } from "./web-origins.ts";

/**
 * Serves methods over gRPC (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md) and gRPC-Web. A call's way:
 * 1. is it gRPC, and in which dialect; does a browser ask for a page  2. can its messages be read  3. find the method  4. its messages are cut and
 * decoded as they come  5. the method answers  6. head, message and trailers leave in one piece, or trailers only
 *
 * @param methods by path
 */
export function grpcStreams(methods: ReadonlyMap<string, ByteMethod>, options: CallOptions): StreamHandler {
  const { webOrigins = nobody } = options;
  let recent: UnaryCall[] = [];
  const watchRecent = (): void => {
    const calls = recent;
    recent = [];
    for (const call of calls) call.watch();
  };
  return (stream, fields, { remoteAddress, messages }) => {
    const dialect = dialectOf(headerOf(fields, "content-type"));
    if (dialect === undefined) {
      const asks = headerOf(fields, ":method") === "OPTIONS" && headerOf(fields, "origin") !== undefined;
      stream.message(
        { fixed: asks ? preflight(fields, webOrigins) : noGrpc, varying: [] },
        undefined,
        undefined,
      );
      return deaf(stream);
    }
    if (headerOf(fields, ":method") !== "POST") {
      stream.message({ fixed: notPost, varying: [] }, undefined, undefined);
      return deaf(stream);
    }
    const path = headerOf(fields, ":path") ?? "";
    const page = dialect === "grpc" ? undefined : pageFields(fields, webOrigins);
    const reply = (): Reply => new Reply(stream, { dialect, page, messages }, undefined);
    const refusal = refusalOf(fields);
    if (refusal !== undefined) {
      reply().status(refusal);
      return deaf(stream);
    }
    const method = methods.get(path);
    if (method === undefined) {
      reply().fail(new TuskerError("RPC_NOT_FOUND", `nothing here answers ${path}`));
      return deaf(stream);
    }
    const head = { path, fields, remoteAddress, messages, dialect, page };
    if (method.kind === "stream") {
      const call = new StreamCall(method, stream, head, options);
      queueMicrotask(() => call.begin());
      return call;
    }
    const call = new UnaryCall(method, stream, head, options);
    // Nearly always the message is in the bytes at hand; a timer is made only where it is not.
    if (recent.push(call) === 1) setImmediate(watchRecent);
    return call;
  };
}

/** Why a call cannot be served, whatever it asks for, as the fields of its end; undefined when it can. */
function refusalOf(fields: HeaderList): HeaderList | undefined {
  const encoding = headerOf(fields, "grpc-encoding");
  if (encoding !== undefined && encoding !== "identity" && encoding !== "gzip") {
    // gRPC compression: UNIMPLEMENTED, and the head says what can be read.
    const message = `messages compressed with ${encoding.slice(0, 40)} cannot be read here`;
    return statusFields(grpcStatus.UNIMPLEMENTED, message);
  }
  const timeout = headerOf(fields, "grpc-timeout");
  if (timeout === undefined || parseGrpcTimeout(timeout) !== undefined) return undefined;
  // Passed over, a caller that waits a second would be served for as long as the default lasts.
  const message = `grpc-timeout must be one to eight digits and one of H M S m u n, found "${timeout.slice(0, 40)}"`;
  return statusFields(grpcStatus.INTERNAL, message);
}

/** Fields that end a call with a status of gRPC itself. */
export function statusFields(status: number, message: string): HeaderList {
  return ["grpc-status", String(status), "grpc-message", encodeMessage(message)];
}

const nobody: WebOrigins = new Set();

const noGrpc: HeaderList = [":status", "415", "accept", "application/grpc"];
const notPost: HeaderList = [":status", "405", "allow", "POST"];

/** Whoever has its answer already: what still comes is given back. */
const deaf = (stream: MessageStream): StreamListener => ({
  onHead() {},
  onData: (bytes) => stream.consumed(bytes.byteLength),
  onEnd() {},
  onFailed() {},
  onDrained() {},
});
