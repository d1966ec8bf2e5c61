import { once } from "node:events";
import type { IncomingMessage, Server as NodeServer, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type Clock, problemMediaType, systemClock, TuskerError, toProblem } from "../kernel/index.ts";
import { readAll } from "./bytes.ts";
import { dispatch } from "./dispatch.ts";
import type { Answer, ByteStream, HeaderList, Server, ServerExchange, ServerHandler } from "./exchange.ts";
import { listen, serverOf } from "./listen.ts";
import { plainAddress } from "./sockets.ts";

/** Where to listen and what a client may do to us. */
export interface Http1ServerOptions {
  /** Address to listen on; default 127.0.0.1. */
  readonly host?: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Connections above this are answered 503 and closed; default 10,000. */
  readonly maxConnections?: number;
  /** Whole head of a request must arrive within this time; default 10,000. */
  readonly headTimeoutMs?: number;
  /** An idle kept connection is closed after this time; default 60,000. */
  readonly idleTimeoutMs?: number;
  /** Bytes of a request head; default 32 KiB. */
  readonly maxHeadBytes?: number;
  /** Fields of a request head; default 100. */
  readonly maxHeaders?: number;
  /** Hears of a handler that failed; the client already got a problem document. */
  readonly onError?: (error: unknown) => void;
  /** Hears of each connection refused by `maxConnections`. */
  readonly onRefused?: () => void;
  readonly clock?: Clock;
}

/**
 * Serves HTTP/1.1 over `node:http`: the `compat` engine.
 *
 * @throws TuskerError NET_PORT_TAKEN, NET_BIND
 * @example const server = await serveHttp1((x) => x.respond({ status: 200, body: "hello" }), { port: 0 });
 */
export async function serveHttp1(handler: ServerHandler, options: Http1ServerOptions): Promise<Server> {
  // A static import of node:http reads all its exports, one of which loads a whole HTTP client: 60 ms of every start.
  const { createServer } = process.getBuiltinModule("node:http");
  const host = options.host ?? "127.0.0.1";
  const life: Life = { sockets: new Set(), draining: false };
  const { sockets } = life;
  const maxConnections = options.maxConnections ?? 10_000;
  const node = createServer(
    {
      maxHeaderSize: options.maxHeadBytes ?? 32 * 1024,
      headersTimeout: options.headTimeoutMs ?? 10_000,
      requestTimeout: 0,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: options.idleTimeoutMs ?? 60_000,
      insecureHTTPParser: false,
      requireHostHeader: true,
      noDelay: true,
      highWaterMark: 64 * 1024,
    },
    (req, res) => dispatch(handler, new Http1Exchange(req, res, life), options.onError),
  );
  node.maxHeadersCount = options.maxHeaders ?? 100;
  node.on("checkContinue", (req, res) =>
    dispatch(handler, new Http1Exchange(req, res, life), options.onError),
  );
  node.on("connection", (socket: Socket) => {
    if (sockets.size >= maxConnections) {
      options.onRefused?.();
      refuse(socket);
      return;
    }
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  // RFC 9110 §9.3.6: we are no tunnel; and an upgrade we do not speak is answered as if it had not been asked for.
  node.on("connect", (_req, socket) =>
    socket.end("HTTP/1.1 501 Not Implemented\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
  );
  node.on("clientError", (error, socket) => answerParserError(error, socket));
  await listen(node, options.port, host, options.onError);
  const drain = drainOf(node, life, options.clock ?? systemClock);
  return serverOf({ node, host, connections: () => sockets.size, drain });
}

/** What all exchanges of one server share. */
interface Life {
  readonly sockets: Set<Socket>;
  /** From now on every answer closes its connection. */
  draining: boolean;
}

function drainOf(node: NodeServer, life: Life, clock: Clock): (graceMs: number) => Promise<void> {
  return async (graceMs) => {
    life.draining = true;
    const closed = once(node, "close");
    node.close();
    node.closeIdleConnections();
    const hard = clock.after(graceMs, () => node.closeAllConnections());
    await closed;
    hard.cancel();
  };
}

class Http1Exchange implements ServerExchange {
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #life: Life;
  #gone: AbortController | undefined;
  #answered = false;

  constructor(req: IncomingMessage, res: ServerResponse, life: Life) {
    this.#req = req;
    this.#res = res;
    this.#life = life;
  }

  get method(): string {
    return this.#req.method ?? "GET";
  }

  get target(): string {
    return this.#req.url ?? "/";
  }

  get headers(): HeaderList {
    return this.#req.rawHeaders;
  }

  get httpVersion(): "1.0" | "1.1" {
    return this.#req.httpVersion === "1.0" ? "1.0" : "1.1";
  }

  get remoteAddress(): string {
    return plainAddress(this.#req.socket.remoteAddress);
  }

  get signal(): AbortSignal {
    if (this.#gone === undefined) {
      const gone = new AbortController();
      this.#gone = gone;
      const onClose = (): void => {
        if (!this.#res.writableFinished)
          gone.abort(new TuskerError("KERNEL_ABORTED", "the client went away"));
      };
      if (this.#res.closed || this.#req.socket.destroyed) onClose();
      else this.#res.once("close", onClose);
    }
    return this.#gone.signal;
  }

  get hasBody(): boolean {
    // RFC 9112 §6.3: a request has a body exactly if it says Content-Length or Transfer-Encoding.
    const length = this.#req.headers["content-length"];
    return this.#req.headers["transfer-encoding"] !== undefined || (length !== undefined && length !== "0");
  }

  get body(): ByteStream {
    this.#continue();
    return bodyOf(this.#req);
  }

  get answered(): boolean {
    return this.#answered;
  }

  header(name: string): string | undefined {
    const value = this.#req.headers[name.toLowerCase()];
    return Array.isArray(value) ? value[0] : value;
  }

  bytes(maxBytes: number): Promise<Uint8Array> {
    return readAll(this.body, maxBytes, this.header("content-length"));
  }

  inform(status: number, headers: HeaderList = []): void {
    if (this.#answered || this.httpVersion === "1.0") return;
    if (status === 100) this.#continue();
    if (status === 103) this.#res.writeEarlyHints(hintsOf(headers));
  }

  async respond(answer: Answer): Promise<void> {
    if (this.#answered) throw new TuskerError("KERNEL_INTERNAL", "an exchange was answered twice");
    this.#answered = true;
    const res = this.#res;
    if (res.destroyed) return;
    // A body we never read would be taken for the next request: say close, and node drains or ends the socket.
    const unread = this.hasBody && !this.#req.complete && this.#req.readableFlowing === null;
    if (unread || this.#life.draining) res.shouldKeepAlive = false;
    const headers = [...(answer.headers ?? [])];
    if (answer.trailers !== undefined) headers.push("Transfer-Encoding", "chunked");
    const { body } = answer;
    if (body === undefined || typeof body === "string" || body instanceof Uint8Array) {
      await this.#respondWhole(answer, headers, body);
    } else {
      res.writeHead(answer.status, headers);
      res.flushHeaders();
      await this.#respondStream(answer, body);
    }
  }

  abort(): void {
    this.#answered = true;
    this.#req.socket.destroy();
  }

  #continue(): void {
    if (this.#req.headers.expect?.toLowerCase() !== "100-continue") return;
    if (this.#req.readableFlowing === null && !this.#answered && !this.#res.headersSent)
      this.#res.writeContinue();
  }

  async #respondWhole(
    answer: Answer,
    headers: string[],
    body: string | Uint8Array | undefined,
  ): Promise<void> {
    const res = this.#res;
    const empty = answer.status === 204 || answer.status === 304 || answer.status < 200;
    const has = headers.some((text, i) => i % 2 === 0 && /^(content-length|transfer-encoding)$/i.test(text));
    if (!empty && !has)
      headers.push("Content-Length", String(body === undefined ? 0 : Buffer.byteLength(body)));
    res.writeHead(answer.status, headers);
    if (body !== undefined && !empty && this.method !== "HEAD") res.write(body);
    await this.#end(answer);
  }

  async #respondStream(answer: Answer, body: ByteStream): Promise<void> {
    const res = this.#res;
    const iterator = body[Symbol.asyncIterator]();
    const closed = once(res, "close").then(() => ({ done: true as const, value: undefined }));
    try {
      for (;;) {
        const next = await Promise.race([iterator.next(), closed]);
        if (next.done === true || res.destroyed) break;
        if (!res.write(next.value)) await Promise.race([once(res, "drain"), closed]);
      }
    } catch (error) {
      // The head is out: the only honest end of a broken body is a broken connection (RFC 9112 §8).
      this.abort();
      throw error;
    } finally {
      void iterator.return?.();
    }
    if (!res.destroyed) await this.#end(answer);
  }

  async #end(answer: Answer): Promise<void> {
    const res = this.#res;
    if (answer.trailers !== undefined) {
      const list = typeof answer.trailers === "function" ? answer.trailers() : answer.trailers;
      const pairs: [string, string][] = [];
      for (let i = 0; i + 1 < list.length; i += 2) pairs.push([list[i] ?? "", list[i + 1] ?? ""]);
      res.addTrailers(pairs);
    }
    if (res.destroyed) return;
    const ended = Promise.withResolvers<void>();
    res.once("close", ended.resolve);
    res.end(ended.resolve);
    await ended.promise;
    if (!this.#req.complete && this.#req.readableFlowing === null) this.#req.resume();
  }
}

async function* bodyOf(req: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of req) yield chunk;
  } catch (error) {
    throw new TuskerError("NET_RESET", "the client went away in the middle of its request body", {
      cause: error,
    });
  }
}

function refuse(socket: Socket): void {
  const problem = toProblem(
    new TuskerError("NET_OVERLOADED", "too many open connections; try again in a moment"),
  );
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 503 Service Unavailable\r\nContent-Type: ${problemMediaType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nRetry-After: 1\r\nConnection: close\r\n\r\n${body}`,
  );
}

function answerParserError(
  error: Error & { code?: string },
  socket: { writable: boolean; end(data: string): unknown; destroy(): unknown },
): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const status =
    error.code === "HPE_HEADER_OVERFLOW"
      ? "431 Request Header Fields Too Large"
      : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? "408 Request Timeout"
        : "400 Bad Request";
  const problem = toProblem(
    new TuskerError("NET_MALFORMED", `the request could not be understood (${error.code ?? error.message})`),
  );
  const body = JSON.stringify({ ...problem, status: Number(status.slice(0, 3)) });
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: ${problemMediaType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

function hintsOf(headers: HeaderList): Record<string, string[]> & { link: string[] } {
  const hints: Record<string, string[]> & { link: string[] } = { link: [] };
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = (headers[i] ?? "").toLowerCase();
    hints[name] = [...(hints[name] ?? []), headers[i + 1] ?? ""];
  }
  return hints;
}
