import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { type Clock, systemClock, systemCode, TuskerError } from "../../../kernel/index.ts";
import type { ClientTls, Http2PoolOptions } from "../../http2-options.ts";
import type { ConnectionLimits } from "../role.ts";
import type { StreamChannel, StreamUser } from "../streams.ts";
import { Wire } from "../wire.ts";
import { ClientConnection } from "./connection.ts";

/**
 * Streams to one origin over one connection at a time. Users above the peer's limit wait in line; a connection that is
 * asked to leave finishes its streams while the next one is in use already.
 */
export class Channel implements StreamChannel {
  readonly origin: string;
  readonly #options: Http2PoolOptions;
  readonly #clock: Clock;
  #current: ClientConnection | undefined;
  readonly #all = new Map<ClientConnection, Promise<void>>();
  #dialing: AbortController | undefined;
  readonly #queue = new Set<StreamUser>();
  #closed = false;

  /** @param origin "http://host:port" (h2c with prior knowledge) or "https://…" (ALPN h2) */
  constructor(origin: string, options: Http2PoolOptions = {}) {
    this.origin = origin;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  open(user: StreamUser): void {
    const current = this.#current;
    if (current?.ready === true && this.#queue.size === 0) {
      user.onStream(current.begin(user));
      return;
    }
    if (this.#closed) {
      user.onNoStream(this.#error(`the connections to ${this.origin} were closed`));
      return;
    }
    if (this.#queue.size >= (this.#options.maxQueued ?? 10_000)) {
      const message = `${this.#queue.size} requests wait for ${this.origin} already`;
      user.onNoStream(new TuskerError("NET_OVERLOADED", message, { details: { origin: this.origin } }));
      return;
    }
    this.#queue.add(user);
    this.#pump();
  }

  cancel(user: StreamUser): boolean {
    return this.#queue.delete(user);
  }

  suspect(): void {
    this.#current?.suspect();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#dialing?.abort();
    this.#refuse(this.#error(`the connections to ${this.origin} were closed`));
    const closing = [...this.#all];
    for (const [connection] of closing) connection.close();
    await Promise.all(closing.map(([, over]) => over));
  }

  #pump(): void {
    for (const user of this.#queue) {
      const current = this.#current;
      if (current?.ready !== true) break;
      this.#queue.delete(user);
      user.onStream(current.begin(user));
    }
    if (this.#queue.size > 0 && this.#current?.usable !== true) this.#dial();
  }

  #dial(): void {
    if (this.#dialing !== undefined || this.#closed) return;
    const stop = new AbortController();
    this.#dialing = stop;
    this.#connect(stop.signal).then(
      (socket) => {
        this.#dialing = undefined;
        if (this.#closed) socket.destroy();
        else this.#adopt(socket);
      },
      (error: unknown) => {
        this.#dialing = undefined;
        this.#refuse(this.#notConnected(error, stop.signal));
      },
    );
  }

  #adopt(socket: Socket): void {
    const { idleTimeoutMs = 60_000, pingTimeoutMs = 1_000, keepaliveMs = 20_000 } = this.#options;
    const wire = new Wire(socket, this.#clock);
    const connection = new ClientConnection(wire, {
      limits: { ...limits, maxListSize: this.#options.maxHeadBytes ?? 64 * 1_024 },
      idleMs: idleTimeoutMs,
      pingMs: pingTimeoutMs,
      keepaliveMs,
      clock: this.#clock,
      onChange: (changed) => {
        if (changed === this.#current && !changed.usable) this.#current = undefined;
        this.#pump();
      },
    });
    const over = Promise.withResolvers<void>();
    this.#all.set(connection, over.promise);
    this.#current = connection;
    wire.listen(
      (chunk) => connection.connection.receive(chunk),
      (error) => {
        connection.cut(error);
        this.#all.delete(connection);
        over.resolve();
      },
    );
    connection.busy(false);
    this.#pump();
  }

  async #connect(signal: AbortSignal): Promise<Socket> {
    const url = new URL(this.origin);
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const secure = url.protocol === "https:";
    const port = url.port === "" ? (secure ? 443 : 80) : Number(url.port);
    const socket = secure ? tlsTo(host, port, this.#options.tls ?? {}) : connectTcp({ host, port });
    const limit = this.#clock.after(this.#options.connectTimeoutMs ?? 3_000, () =>
      socket.destroy(new Error(`no answer within ${this.#options.connectTimeoutMs ?? 3_000} ms`)),
    );
    const onAbort = (): unknown => socket.destroy(new Error("the channel was closed"));
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await once(socket, secure ? "secureConnect" : "connect");
      if (secure && "alpnProtocol" in socket && socket.alpnProtocol !== "h2") {
        socket.destroy();
        throw new Error("the server does not offer HTTP/2 (no h2 by ALPN)");
      }
      return socket;
    } finally {
      limit.cancel();
      signal.removeEventListener("abort", onAbort);
    }
  }

  #refuse(error: TuskerError): void {
    const waiting = [...this.#queue];
    this.#queue.clear();
    for (const user of waiting) user.onNoStream(error);
  }

  #notConnected(cause: unknown, signal: AbortSignal): TuskerError {
    if (signal.aborted) return this.#error(`the connections to ${this.origin} were closed`, cause);
    const reason = systemCode(cause) ?? (cause instanceof Error ? cause.message : String(cause));
    return this.#error(`cannot connect to ${this.origin} (${reason})`, cause);
  }

  #error(message: string, cause?: unknown): TuskerError {
    return new TuskerError("NET_CONNECT", message, { cause, details: { origin: this.origin, sent: false } });
  }
}

const limits: Omit<ConnectionLimits, "maxListSize"> = {
  maxConcurrentStreams: 0,
  streamWindow: 512 * 1_024,
  connectionWindow: 8 * 1_024 * 1_024,
  extendedConnect: false,
};

function tlsTo(host: string, port: number, tls: ClientTls): TLSSocket {
  const { ca, cert, key } = tls;
  const serverName = tls.serverName ?? host;
  // RFC 6066 §3: an address is no server name.
  const servername = /^[0-9.]+$|:/.test(serverName) ? "" : serverName;
  return connectTls({
    host,
    port,
    servername,
    ALPNProtocols: ["h2"],
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  });
}
