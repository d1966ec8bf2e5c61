import { type Clock, systemClock } from "../../../kernel/index.ts";
import type { SocketPort } from "../../socket/port.ts";
import { type TimerWheel, timerWheel } from "../../socket/wheel.ts";
import type { WireProblem } from "../codec/problem.ts";
import type { RequestLimits } from "../codec/request-decoder.ts";
import type { Http1Exchange } from "../engine.ts";
import { type Http1Limits, type LimitName, limitsFrom } from "../limits.ts";
import type { EarlyAnswer, EarlyMarks, Http1ConnectionOptions } from "../options.ts";

/** A connection as its server sees it. */
interface Drainable {
  /** An answer is on its way to the client. */
  readonly answering: boolean;
  drain(): void;
  destroy(): void;
}

/** What all connections of one server have in common. */
export class ServerShared {
  readonly handler: (exchange: Http1Exchange) => void;
  readonly limits: Http1Limits;
  readonly decoding: RequestLimits;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly open: Set<Drainable> = new Set();
  readonly tunnels: Set<SocketPort> = new Set();
  readonly keepAliveLines: string;
  readonly maxLingering = 1_000;
  /** Connections that were told their last words. */
  lingering = 0;
  /** From now on every answer closes its connection; those that rest close after so many milliseconds. */
  drainRestMs: number | undefined;
  readonly #options: Http1ConnectionOptions;
  #second = 0;
  #date = "";

  constructor(handler: (exchange: Http1Exchange) => void, options: Http1ConnectionOptions) {
    this.handler = handler;
    this.#options = options;
    this.limits = limitsFrom(options);
    const { maxHeadBytes, maxHeaders, maxTargetBytes, idleTimeoutMs } = this.limits;
    this.decoding = { maxHeadBytes, maxFields: maxHeaders, maxTargetBytes };
    this.clock = options.clock ?? systemClock;
    this.wheel = timerWheel(this.clock);
    // A client that knows when we close does not send its next request into a closing connection.
    const seconds = Math.floor(Math.min(idleTimeoutMs, 86_400_000) / 1_000);
    const hint = seconds > 0 ? `Keep-Alive: timeout=${seconds}\r\n` : "";
    this.keepAliveLines = `Connection: keep-alive\r\n${hint}`;
  }

  /** RFC 9110 §6.6.1: an origin with a clock says when it answered. Made once a second. */
  dateLine(): string {
    const wallMs = this.clock.wall();
    const second = Math.floor(wallMs / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#date = `Date: ${new Date(wallMs).toUTCString()}\r\n`;
    }
    return this.#date;
  }

  limit(name: LimitName): void {
    this.#options.onLimit?.(name);
  }

  refused(problem: WireProblem): void {
    this.#options.onMalformed?.(problem);
  }

  early(answer: EarlyAnswer): EarlyMarks {
    return this.#options.onEarlyAnswer?.(answer) ?? noMarks;
  }

  failed(error: unknown): void {
    this.#options.onError?.(error);
  }
}

const noMarks: EarlyMarks = {};
