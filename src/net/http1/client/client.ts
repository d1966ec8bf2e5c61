import { type Clock, systemClock } from "../../../kernel/index.ts";
import type { ClientTls } from "../../http2-options.ts";
import { type Dialing, type DialTarget, dial } from "../../socket/dial.ts";
import { timerWheel } from "../../socket/wheel.ts";
import type { AnswerListener, Http1Client, OutgoingExchange, OutgoingRequest } from "../engine.ts";
import { ClientConnection, type ConnectionOwner } from "./connection.ts";
import { cannotConnect, poolClosed, poolFull } from "./failure.ts";
import { type ClientLimits, clientLimitsFrom } from "./limits.ts";
import { Outgoing, type OutgoingPlace } from "./outgoing.ts";

/** Limits that are not given are those of docs/reference/net.md. */
export interface Http1ClientOptions extends Partial<ClientLimits> {
  /** How an https origin is checked. */
  readonly tls?: ClientTls;
  readonly clock?: Clock;
}

/**
 * Connections of the engine to one origin. The one used last is used first, so that those not needed grow old; one
 * request in flight on each, so that none waits behind another's answer.
 *
 * @param origin for example "http://127.0.0.1:8081"
 */
export function createHttp1Client(origin: string, options: Http1ClientOptions = {}): Http1Client {
  return new ConnectionPool(origin, options);
}

class ConnectionPool implements Http1Client, ConnectionOwner, OutgoingPlace {
  readonly origin: string;
  readonly authority: string;
  readonly wheel: ConnectionOwner["wheel"];
  readonly limits: ConnectionOwner["limits"];
  readonly bodyTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly #target: DialTarget;
  readonly #most: number;
  readonly #maxWaiting: number;
  readonly #connectTimeoutMs: number;
  readonly #open = new Set<ClientConnection>();
  readonly #dialing = new Set<Dialing>();
  readonly #idle: ClientConnection[] = [];
  /** Requests without connection, oldest first. */
  readonly #waiting = new Set<Outgoing>();
  #closed = false;
  readonly #emptied = Promise.withResolvers<void>();

  constructor(origin: string, options: Http1ClientOptions) {
    const url = new URL(origin);
    const secure = url.protocol === "https:";
    this.origin = origin;
    this.wheel = timerWheel(options.clock ?? systemClock);
    const limits = clientLimitsFrom(options);
    this.limits = { maxHeadBytes: limits.maxHeadBytes, maxFields: limits.maxHeaders };
    this.bodyTimeoutMs = limits.bodyTimeoutMs;
    this.idleTimeoutMs = limits.idleTimeoutMs;
    this.authority = url.host;
    this.#target = {
      host: url.hostname.replace(/^\[|\]$/g, ""),
      port: url.port === "" ? (secure ? 443 : 80) : Number(url.port),
      tls: secure ? (options.tls ?? {}) : undefined,
    };
    this.#most = limits.connections;
    this.#maxWaiting = limits.maxWaiting;
    this.#connectTimeoutMs = limits.connectTimeoutMs;
  }

  get connections(): number {
    return this.#open.size;
  }

  get idle(): number {
    return this.#idle.length;
  }

  send(request: OutgoingRequest, listener: AnswerListener): OutgoingExchange {
    const exchange = new Outgoing(request, listener, this);
    if (this.#closed) queueMicrotask(() => exchange.fail(poolClosed(this.origin)));
    else if (!this.#onKept(exchange)) this.#wait(exchange);
    return exchange;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const connection of [...this.#idle]) connection.destroy();
    this.#checkEmpty();
    await this.#emptied.promise;
  }

  destroy(): void {
    this.#closed = true;
    for (const dialing of this.#dialing) dialing.cancel();
    this.#dialing.clear();
    for (const exchange of [...this.#waiting]) exchange.fail(poolClosed(this.origin));
    for (const connection of [...this.#open]) connection.cut();
    this.#checkEmpty();
  }

  // What connections tell.

  onFree(connection: ClientConnection): void {
    const next = this.#nextWaiting();
    if (next !== undefined) connection.begin(next);
    else if (this.#closed) connection.destroy();
    else this.#idle.push(connection);
  }

  onGone(connection: ClientConnection): void {
    this.#open.delete(connection);
    const at = this.#idle.lastIndexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    this.#dialForWaiting();
    this.#checkEmpty();
  }

  onStale(exchange: Outgoing): void {
    exchange.repeated = true;
    exchange.carrier = undefined;
    exchange.sent = false;
    // Its neighbours are as old: only a new connection is sure to be alive.
    this.#wait(exchange);
  }

  onOver(exchange: Outgoing): void {
    this.#waiting.delete(exchange);
  }

  /** @returns false when no kept connection is free */
  #onKept(exchange: Outgoing): boolean {
    for (let kept = this.#idle.pop(); kept !== undefined; kept = this.#idle.pop()) {
      if (!kept.usable) continue;
      kept.begin(exchange);
      return true;
    }
    return false;
  }

  #wait(exchange: Outgoing): void {
    if (this.#waiting.size >= this.#maxWaiting) {
      queueMicrotask(() => exchange.fail(poolFull(this.origin, this.#maxWaiting)));
      return;
    }
    this.#waiting.add(exchange);
    this.#dialForWaiting();
  }

  #nextWaiting(): Outgoing | undefined {
    for (const exchange of this.#waiting) {
      this.#waiting.delete(exchange);
      return exchange;
    }
    return undefined;
  }

  #dialForWaiting(): void {
    while (this.#dialing.size < this.#waiting.size && this.#open.size + this.#dialing.size < this.#most)
      this.#dial();
  }

  #dial(): void {
    const dialing = dial(this.#target, this.#connectTimeoutMs, this.wheel, {
      onConnected: (socket) => {
        this.#dialing.delete(dialing);
        const connection = new ClientConnection(socket, this);
        this.#open.add(connection);
        connection.wait();
        this.onFree(connection);
      },
      onFailed: (error) => {
        this.#dialing.delete(dialing);
        this.#nextWaiting()?.fail(cannotConnect(this.origin, error));
        this.#dialForWaiting();
        this.#checkEmpty();
      },
    });
    this.#dialing.add(dialing);
  }

  #checkEmpty(): void {
    if (this.#closed && this.#open.size === 0 && this.#dialing.size === 0 && this.#waiting.size === 0)
      this.#emptied.resolve();
  }
}
