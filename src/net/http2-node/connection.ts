import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type SecureClientSessionOptions,
} from "node:http2";
import { isIP } from "node:net";
import { aborted, type Clock, systemCode, type Timer, TuskerError } from "../../kernel/index.ts";
import type { ClientTls, Http2PoolOptions } from "../http2-options.ts";

/** One session and what is known of its health. */
export class Connection implements AsyncDisposable {
  readonly origin: string;
  readonly session: ClientHttp2Session;
  readonly #clock: Clock;
  readonly #idleMs: number;
  readonly #pingMs: number;
  #checking: Promise<void> | undefined;
  readonly #connected: Promise<void>;
  #streams = 0;
  #idle: Timer | undefined;
  #retired = false;

  constructor(origin: string, options: Http2PoolOptions, clock: Clock) {
    this.origin = origin;
    this.#clock = clock;
    this.#idleMs = options.idleTimeoutMs ?? 60_000;
    this.#pingMs = options.pingTimeoutMs ?? 1_000;
    this.session = connect(origin, {
      settings: { enablePush: false },
      maxSessionMemory: 64,
      ...secureOptions(origin, options.tls),
    });
    this.#connected = this.#connect(options.connectTimeoutMs ?? 3_000);
    // Every request awaits it; without one the failure is nobody's.
    this.#connected.catch(() => undefined);
    this.session.on("goaway", () => {
      this.#retired = true;
    });
    this.session.on("close", () => {
      this.#retired = true;
      this.#idle?.cancel();
    });
  }

  get usable(): boolean {
    return !this.#retired && !this.session.closed && !this.session.destroyed;
  }

  /** Resolves when the connection may be used; rejects NET_CONNECT with nothing sent. */
  async ready(signal: AbortSignal | undefined): Promise<void> {
    const wait =
      this.#checking === undefined ? this.#connected : Promise.all([this.#connected, this.#checking]);
    if (signal === undefined) {
      await wait;
      return;
    }
    const gone = Promise.withResolvers<never>();
    const onAbort = (): void => gone.reject(aborted(signal));
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await Promise.race([wait, gone.promise]);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Counts a stream in; the connection rests when the last one is over. */
  hold(stream: ClientHttp2Stream): void {
    this.#streams++;
    this.#idle?.cancel();
    this.session.ref();
    stream.once("close", () => {
      this.#streams--;
      if (this.#streams > 0 || this.session.destroyed) return;
      // An idle connection must not keep a finished process alive.
      this.session.unref();
      this.#idle = this.#clock.after(this.#idleMs, () => this.session.close(), { background: true });
    });
  }

  /** Somebody gave up waiting: a peer that has vanished also leaves a PING unanswered and loses the connection. */
  suspect(): void {
    if (this.#checking !== undefined || !this.usable) return;
    this.#checking = new Promise((resolve) => {
      const done = (): void => {
        limit.cancel();
        this.session.off("close", done);
        this.#checking = undefined;
        resolve();
      };
      const limit = this.#clock.after(this.#pingMs, () => {
        this.session.destroy();
        done();
      });
      this.session.once("close", done);
      if (!this.session.ping(done)) done();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#idle?.cancel();
    if (this.session.destroyed) return;
    const over = new Promise<void>((resolve) => this.session.once("close", resolve));
    this.session.destroy();
    await over;
  }

  #connect(timeoutMs: number): Promise<void> {
    const { session, origin } = this;
    return new Promise((resolve, reject) => {
      const limit = this.#clock.after(timeoutMs, () => {
        reject(netError("NET_CONNECT", `cannot connect to ${origin} within ${timeoutMs} ms`, origin, false));
        session.destroy();
      });
      session.once("connect", () => {
        limit.cancel();
        resolve();
      });
      session.on("error", (cause) => {
        limit.cancel();
        const reason = systemCode(cause) ?? cause.name;
        reject(netError("NET_CONNECT", `cannot connect to ${origin} (${reason})`, origin, false, cause));
      });
      session.once("close", () => {
        limit.cancel();
        reject(netError("NET_CONNECT", `the connection to ${origin} was closed`, origin, false));
      });
    });
  }
}

/** What node:tls is told of a server that shows a certificate. */
function secureOptions(
  origin: string,
  { ca, cert, key, serverName }: ClientTls = {},
): SecureClientSessionOptions {
  const { hostname } = new URL(origin);
  const name = serverName ?? hostname.replace(/^\[|\]$/g, "");
  return {
    minVersion: "TLSv1.2",
    // RFC 6066 §3: an address is no server name.
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

/** A failure of the network; `sent` says whether the peer may have acted. */
export function netError(
  code: "NET_CONNECT" | "NET_RESET" | "NET_TIMEOUT",
  message: string,
  origin: string,
  sent: boolean,
  cause?: unknown,
): TuskerError {
  return new TuskerError(code, message, { cause, details: { origin, sent } });
}
