import { type ClientHttp2Stream, constants } from "node:http2";
import { aborted, type Clock, systemCode, type TuskerError, toTuskerError } from "../../kernel/index.ts";
import { ownBody, readAll } from "../bytes.ts";
import { type ClientAnswer, type ClientRequest, type HeaderList, headerOf } from "../exchange.ts";
import { fromWire, requestFields } from "../http2-headers.ts";
import { refuseProtocol, unwritable } from "../unwritable.ts";
import { type Connection, netError } from "./connection.ts";

/** Sends one request on a ready connection; resolves with the head of the answer. */
export async function send(
  connection: Connection,
  request: ClientRequest,
  clock: Clock,
): Promise<ClientAnswer> {
  const { origin } = connection;
  const { signal, body } = request;
  if (!connection.usable) {
    throw netError("NET_CONNECT", `the connection to ${origin} was closed`, origin, false);
  }
  refuseProtocol(origin, request);
  const headers = requestFields(origin, request);
  const stream = begin(connection, headers, body === undefined);
  connection.hold(stream);
  request.onSent?.();
  const headMs = request.headTimeoutMs ?? 30_000;
  return new Promise((resolve, reject) => {
    const state: StreamState = { failure: undefined, trailers: [] };
    const fail = (error: TuskerError): void => {
      state.failure ??= error;
      limit.cancel();
      signal?.removeEventListener("abort", onAbort);
      reject(state.failure);
    };
    const giveUp = (error: TuskerError): void => {
      fail(error);
      stream.close(constants.NGHTTP2_CANCEL);
      connection.suspect();
    };
    const onAbort = (): void => {
      if (signal !== undefined) giveUp(aborted(signal));
    };
    const limit = clock.after(headMs, () =>
      giveUp(netError("NET_TIMEOUT", `${origin} did not answer within ${headMs} ms`, origin, true)),
    );
    signal?.addEventListener("abort", onAbort, { once: true });
    stream.on("error", (cause) => fail(streamError(stream, origin, cause)));
    stream.once("response", (_headers, _flags, raw) => {
      limit.cancel();
      resolve(answerOf(stream, fromWire(raw), statusOf(raw), state, origin));
    });
    stream.on("headers", (_headers, _flags, raw) => request.onInform?.(statusOf(raw), fromWire(raw)));
    stream.on("trailers", (_headers, _flags, raw) => {
      state.trailers = fromWire(raw);
    });
    stream.once("close", () => fail(streamError(stream, origin, undefined)));
    void feed(stream, body, origin, fail);
  });
}

/** Opens the stream. Node refuses some requests by throwing; nothing of them has been sent. */
function begin(connection: Connection, headers: string[], endStream: boolean): ClientHttp2Stream {
  const { origin, session } = connection;
  try {
    return session.request(headers, { endStream });
  } catch (cause) {
    const code = systemCode(cause);
    if (code === undefined || !connectionOver.has(code)) throw unwritable(origin, cause);
    session.close();
    throw netError("NET_CONNECT", `the connection to ${origin} is used up (${code})`, origin, false, cause);
  }
}

const connectionOver = new Set([
  "ERR_HTTP2_GOAWAY_SESSION",
  "ERR_HTTP2_INVALID_SESSION",
  "ERR_HTTP2_OUT_OF_STREAMS",
]);

interface StreamState {
  failure: TuskerError | undefined;
  trailers: HeaderList;
}

async function feed(
  stream: ClientHttp2Stream,
  body: ClientRequest["body"],
  origin: string,
  fail: (error: TuskerError) => void,
): Promise<void> {
  if (body === undefined) return;
  if (typeof body === "string" || body instanceof Uint8Array) {
    stream.end(body);
    return;
  }
  try {
    for await (const chunk of ownBody(body, origin)) {
      if (stream.destroyed || stream.closed) return;
      if (!stream.write(chunk)) await drainedOrClosed(stream);
    }
    stream.end();
  } catch (error) {
    fail(toTuskerError(error));
    // Our own body broke: the peer must not take what it has for the whole (RFC 9113 §8.1.1).
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }
}

function drainedOrClosed(stream: ClientHttp2Stream): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off("drain", done);
      stream.off("close", done);
      resolve();
    };
    stream.on("drain", done);
    stream.on("close", done);
  });
}

function answerOf(
  stream: ClientHttp2Stream,
  headers: HeaderList,
  status: number,
  state: StreamState,
  origin: string,
): ClientAnswer {
  const body = bodyOf(stream, state, origin);
  const bytes = (maxBytes: number): Promise<Uint8Array> =>
    readAll(body, maxBytes, headerOf(headers, "content-length"));
  return {
    status,
    headers,
    body,
    header: (name) => headerOf(headers, name),
    bytes,
    text: async (maxBytes) => new TextDecoder().decode(await bytes(maxBytes)),
    trailers: () => state.trailers,
    discard: () => {
      stream.close(constants.NGHTTP2_CANCEL);
    },
  };
}

async function* bodyOf(
  stream: ClientHttp2Stream,
  state: StreamState,
  origin: string,
): AsyncGenerator<Uint8Array> {
  let ended = false;
  try {
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) yield chunk;
    ended = true;
  } catch (cause) {
    throw state.failure ?? streamError(stream, origin, cause);
  } finally {
    if (!ended) stream.close(constants.NGHTTP2_CANCEL);
  }
  // node ends the readable side of a stream reset with CANCEL as if the body were complete.
  if (stream.rstCode !== constants.NGHTTP2_NO_ERROR)
    throw state.failure ?? streamError(stream, origin, undefined);
}

function streamError(stream: ClientHttp2Stream, origin: string, cause: unknown): TuskerError {
  const refused = stream.rstCode === constants.NGHTTP2_REFUSED_STREAM;
  const why = refused ? "refused the request" : "closed the stream before its answer was complete";
  return netError("NET_RESET", `${origin} ${why} (${resetName(stream.rstCode)})`, origin, !refused, cause);
}

function resetName(code: number | undefined): string {
  const names = ["NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT"];
  const more = ["STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR"];
  return [...names, ...more][code ?? 0] ?? `error ${code}`;
}

function statusOf(raw: readonly string[]): number {
  return Number(headerOf(raw, ":status") ?? 0);
}
