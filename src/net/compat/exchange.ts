import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type Clock, TuskerError } from "../../kernel/index.ts";
import { paced, readAll } from "../bytes.ts";
import {
  type Answer,
  type ByteStream,
  type HeaderList,
  headerOf,
  type ReadOptions,
  type ServerExchange,
  type UpgradeOffer,
} from "../exchange.ts";
import { switchingHead } from "../http1/server/exchange.ts";
import { portOf } from "../socket/node-socket.ts";
import type { Tunnel } from "../socket/port.ts";
import { plainAddress } from "../sockets.ts";
import { lingerMs } from "./farewell.ts";

/** What an exchange must know of its server. */
interface Life {
  /** From now on every answer closes its connection. */
  readonly draining: boolean;
  readonly clock: Clock;
  readonly bodyTimeoutMs: number;
  /** An answer is through; its connection may rest now. */
  readonly settled: () => void;
}

/** A connection that Node has let go of because its client wants another protocol, and what came behind the head. */
export interface Offered {
  readonly socket: Socket;
  readonly early: Uint8Array;
}

/** One request and its answer on a connection of `node:http`. */
export class CompatExchange implements ServerExchange {
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #life: Life;
  readonly #offered: Offered | undefined;
  #gone: AbortController | undefined;
  #answered = false;
  /** True while somebody takes in the body. */
  #reading = false;
  #continued = false;

  constructor(req: IncomingMessage, res: ServerResponse, life: Life, offered?: Offered) {
    this.#req = req;
    this.#res = res;
    this.#life = life;
    this.#offered = offered;
  }

  get upgrade(): UpgradeOffer | undefined {
    const offered = this.#offered;
    const protocol = this.header("upgrade");
    if (offered === undefined || protocol === undefined) return undefined;
    return { protocol, accept: (headers) => this.#accept(offered, protocol, headers) };
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
    return this.#read();
  }

  get answered(): boolean {
    return this.#answered;
  }

  header(name: string): string | undefined {
    const value = this.#req.headers[name.toLowerCase()];
    return Array.isArray(value) ? value[0] : value;
  }

  bytes(maxBytes: number, options?: ReadOptions): Promise<Uint8Array> {
    const announced = this.header("content-length");
    if (!(Number(announced ?? 0) > maxBytes)) this.#continue();
    return readAll(this.#read(options?.signal), maxBytes, announced);
  }

  inform(status: number, headers: HeaderList = []): void {
    if (this.#answered || this.httpVersion === "1.0") return;
    if (status === 100) this.#continue();
    if (status !== 103) return;
    try {
      this.#res.writeEarlyHints(hintsOf(headers));
    } catch {
      // Node writes no hint whose Link it does not understand; nobody misses it.
    }
  }

  async respond(answer: Answer): Promise<void> {
    if (this.#answered) throw new TuskerError("KERNEL_INTERNAL", "an exchange was answered twice");
    this.#answered = true;
    const res = this.#res;
    this.#listenForEnd();
    if (res.destroyed) return;
    // A body nobody takes in would stand before the next request.
    if (this.#unread || this.#life.draining) res.shouldKeepAlive = false;
    const headers = headOf(answer);
    if (/\bclose\b/i.test(headerOf(headers, "connection") ?? "")) res.shouldKeepAlive = false;
    const { body } = answer;
    if (body === undefined || typeof body === "string" || body instanceof Uint8Array) {
      await this.#respondWhole(answer, headers, body);
    } else {
      this.#begin(answer.status, headers);
      // `flushHeaders` would make UTF-8 of the head; before bytes, be they none, it goes out as it is.
      res.write(nothing);
      await this.#respondStream(answer, body);
    }
  }

  /** Node reads no more of a connection it has let go of, and would not hear that its client goes. */
  #listenForEnd(): void {
    const socket = this.#offered?.socket;
    if (socket?.readableEnded === true) this.#res.destroy();
    else socket?.once("end", () => this.#res.destroy()).resume();
  }

  abort(): void {
    this.#answered = true;
    this.#req.socket.destroy();
  }

  #accept({ socket, early }: Offered, protocol: string, headers: HeaderList): Tunnel {
    const head = switchingHead(protocol, headers);
    this.#answered = true;
    this.#res.detachSocket(socket);
    // Of a side that has ended already the tunnel would never hear.
    if (socket.readableEnded) socket.destroy();
    else socket.write(head, "latin1");
    return { socket: portOf(socket), early };
  }

  /** True when the client has more to send than anybody wants. */
  get #unread(): boolean {
    return this.hasBody && !this.#req.complete && !this.#reading;
  }

  get #awaitsContinue(): boolean {
    return !this.#continued && this.#req.headers.expect?.toLowerCase() === "100-continue";
  }

  #continue(): void {
    if (!this.#awaitsContinue || this.#answered || this.#res.headersSent) return;
    this.#continued = true;
    this.#res.writeContinue();
  }

  async *#read(signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const { clock, bodyTimeoutMs } = this.#life;
    const { socket } = this.#req;
    // Once its answer is out, node no longer tells a request that its connection is gone.
    const onClose = (): unknown => this.#req.destroy();
    socket.once("close", onClose);
    this.#reading = true;
    try {
      // Giving up on a body must not destroy its connection: the answer that says why is still to come.
      const chunks = this.#req.iterator({ destroyOnReturn: false });
      yield* paced(chunks, { timeoutMs: bodyTimeoutMs, clock, signal });
    } catch (cause) {
      if (cause instanceof TuskerError) throw cause;
      throw new TuskerError("NET_RESET", "the client went away in the middle of its request body", { cause });
    } finally {
      socket.off("close", onClose);
      this.#reading = false;
    }
  }

  /** A head that node does not write leaves nothing to say: the client must not wait for it. */
  #begin(status: number, headers: string[]): void {
    try {
      this.#res.writeHead(status, headers);
    } catch (error) {
      this.abort();
      throw error;
    }
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
    this.#begin(answer.status, headers);
    // A text would take the head along into its UTF-8.
    if (body !== undefined && !empty && this.method !== "HEAD") res.write(Buffer.from(body));
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
    if (this.#unread && !this.#awaitsContinue) {
      this.#endAfterRest();
      return;
    }
    const ended = Promise.withResolvers<void>();
    res.once("close", ended.resolve);
    res.end(ended.resolve);
    await ended.promise;
    this.#life.settled();
  }

  /**
   * Takes in what the client still sends, for a moment, before it ends an answer whose body is out already: a
   * connection closed with unread bytes is reset, and the client might lose the answer (RFC 9112 §9.6).
   */
  #endAfterRest(): void {
    const req = this.#req;
    const res = this.#res;
    res.write(nothing);
    // Of an answer without body, that has shown nothing yet.
    res.flushHeaders();
    const over = (): void => {
      limit.cancel();
      req.off("end", over);
      res.off("close", over);
      res.end(() => {
        if (!req.complete) req.socket.destroySoon();
        this.#life.settled();
      });
    };
    const limit = this.#life.clock.after(lingerMs, over, { background: true });
    req.once("end", over);
    res.once("close", over);
    // A reader that gave up may have left a read behind, which would keep the stream from flowing.
    req.removeAllListeners("readable");
    setImmediate(() => req.resume());
  }
}

/**
 * The fields of an answer. Trailers need chunks, beside which no length may stand; a length has no leading zeros. Where no
 * chunks are written, as to HEAD, node refuses to announce trailers.
 */
function headOf({ status, headers = [], trailers }: Answer): string[] {
  const fields: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? "";
    const value = headers[i + 1] ?? "";
    const isLength = /^content-length$/i.test(name);
    if (trailers === undefined && /^trailer$/i.test(name)) continue;
    if (!isLength) fields.push(name, value);
    else if (trailers === undefined) fields.push(name, value.replace(/^0+(?=\d)/, ""));
  }
  if (trailers !== undefined) fields.push("Transfer-Encoding", "chunked");
  // RFC 9110 §7.8: Upgrade is named in Connection. Node takes what it does not write itself for a wish to keep it open.
  if (status === 426 && headerOf(headers, "upgrade") !== undefined)
    fields.push("Connection", "close, Upgrade");
  return fields;
}

const nothing = new Uint8Array(0);

function hintsOf(headers: HeaderList): Record<string, string[]> & { link: string[] } {
  const hints: Record<string, string[]> & { link: string[] } = { link: [] };
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = (headers[i] ?? "").toLowerCase();
    hints[name] = [...(hints[name] ?? []), headers[i + 1] ?? ""];
  }
  return hints;
}
