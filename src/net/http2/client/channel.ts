import {
  type Clock,
  type ErrorDetails,
  systemClock,
  systemCode,
  TuskerError,
} from "../../../kernel/index.ts";
import type { Http2PoolOptions } from "../../http2-options.ts";
import { type Dialing, type DialTarget, dial } from "../../socket/dial.ts";
import type { SocketPort } from "../../socket/port.ts";
import { type TimerWheel, timerWheel } from "../../socket/wheel.ts";
import { unwritable } from "../../unwritable.ts";
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
  readonly #target: DialTarget;
  readonly #wheel: TimerWheel;
  #dialing: Dialing | undefined;
  readonly #queue = new Set<StreamUser>();
  #closed = false;

  /** @param origin "http://host:port" (h2c with prior knowledge) or "https://…" (ALPN h2) */
  constructor(origin: string, options: Http2PoolOptions = {}) {
    this.origin = origin;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#wheel = timerWheel(this.#clock);
    this.#target = targetOf(origin, options);
  }

  open(user: StreamUser): void {
    const current = this.#current;
    if (current?.ready === true && this.#queue.size === 0 && user.extendedConnect !== true) {
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
    this.#dialing?.cancel();
    this.#refuse(this.#error(`the connections to ${this.origin} were closed`));
    const closing = [...this.#all];
    for (const [connection] of closing) connection.close();
    await Promise.all(closing.map(([, over]) => over));
  }

  #pump(): void {
    for (const user of this.#queue) {
      const current = this.#current;
      if (current?.ready !== true) break;
      const offered = user.extendedConnect === true ? current.extendedConnect : true;
      if (offered === undefined) break;
      this.#queue.delete(user);
      if (offered) user.onStream(current.begin(user));
      else user.onNoStream(unwritable(this.origin, new Error("the server takes no CONNECT with a protocol")));
    }
    if (this.#queue.size > 0 && this.#current?.usable !== true) this.#dial();
  }

  #dial(): void {
    if (this.#dialing !== undefined || this.#closed) return;
    const { connectTimeoutMs = 3_000 } = this.#options;
    this.#dialing = dial(this.#target, connectTimeoutMs, this.#wheel, {
      onConnected: (port) => {
        this.#dialing = undefined;
        this.#adopt(port);
      },
      onFailed: (error) => {
        this.#dialing = undefined;
        this.#refuse(this.#notConnected(error));
      },
    });
  }

  #adopt(port: SocketPort): void {
    if (port.tls !== undefined && port.tls.protocol !== "h2") {
      port.destroy();
      this.#refuse(
        this.#notConnected(new Error("the server does not offer HTTP/2: no h2 by ALPN"), "http/1.1"),
      );
      return;
    }
    const { idleTimeoutMs = 60_000, pingTimeoutMs = 1_000, keepaliveMs = 20_000 } = this.#options;
    const over = Promise.withResolvers<void>();
    const wire = new Wire(port, this.#wheel);
    const connection = new ClientConnection(wire, {
      limits: { ...limits, maxListSize: this.#options.maxHeadBytes ?? 64 * 1_024 },
      idleMs: idleTimeoutMs,
      pingMs: pingTimeoutMs,
      keepaliveMs,
      handshakeMs,
      clock: this.#clock,
      onChange: this.#onChange,
      onOver: (gone) => {
        this.#all.delete(gone);
        over.resolve();
      },
    });
    this.#all.set(connection, over.promise);
    this.#current = connection;
    wire.listen(connection);
    connection.busy(false);
    this.#pump();
  }

  readonly #onChange = (changed: ClientConnection): void => {
    if (changed === this.#current && !changed.usable) this.#current = undefined;
    if (this.#queue.size > 0) this.#pump();
  };

  #refuse(error: TuskerError): void {
    const waiting = [...this.#queue];
    this.#queue.clear();
    for (const user of waiting) user.onNoStream(error);
  }

  /** @param agreed what the server chose in place of HTTP/2 */
  #notConnected(cause: Error, agreed?: string): TuskerError {
    const message = `cannot connect to ${this.origin} (${systemCode(cause) ?? cause.message})`;
    return this.#error(message, cause, agreed === undefined ? {} : { agreed });
  }

  #error(message: string, cause?: unknown, more: ErrorDetails = {}): TuskerError {
    const details = { origin: this.origin, sent: false, ...more };
    return new TuskerError("NET_CONNECT", message, { cause, details });
  }
}

/** What a server may take to say its SETTINGS and to confirm ours, as long as ours gives its clients. */
const handshakeMs = 10_000;

const limits: Omit<ConnectionLimits, "maxListSize"> = {
  maxConcurrentStreams: 0,
  streamWindow: 512 * 1_024,
  connectionWindow: 8 * 1_024 * 1_024,
  extendedConnect: false,
};

function targetOf(origin: string, { tls = {}, alsoHttp1 = false }: Http2PoolOptions): DialTarget {
  const url = new URL(origin);
  const secure = url.protocol === "https:";
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? (secure ? 443 : 80) : Number(url.port),
    tls: secure ? tls : undefined,
    protocols: alsoHttp1 ? ["h2", "http/1.1"] : ["h2"],
  };
}
