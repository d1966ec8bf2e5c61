import type { TuskerError } from "../../../kernel/index.ts";
import type { SocketPort } from "../../socket/port.ts";
import { Deadline } from "../../socket/wheel.ts";
import { BodyPace } from "./body-pace.ts";
import { slowBody } from "./refusal.ts";
import type { ServerShared } from "./shared.ts";

/** How long a peer may take to read our last words before its connection is cut. */
const lingerMs = 1_000;

/** Whose deadlines they are. What is merely closed or cut when its time is over it does not hear of. */
interface Waiter {
  readonly port: SocketPort;
  /** True when something of the answer was written since this was asked last, or since it was begun. */
  wroteOn(): boolean;
  onHeadTooSlow(timeoutMs: number): void;
  onBodyTooSlow(error: TuskerError): void;
}

/**
 * What a connection waits for, and how long it does: for one thing at a time, and besides that for its client to take
 * an answer. Every limit of time is kept and counted here.
 */
export class Deadlines {
  readonly #waiter: Waiter;
  readonly #shared: ServerShared;
  readonly #timer = new Deadline(() => this.#onTime());
  readonly #pace = new BodyPace();
  #stall: Deadline | undefined;
  #half: Deadline | undefined;
  #waiting: "nothing" | "idle" | "head" | "body" | "leave" = "nothing";
  /** Last words were not taken in the first second; they get one more chance. */
  #lastChance = false;

  constructor(waiter: Waiter, shared: ServerShared) {
    this.#waiter = waiter;
    this.#shared = shared;
  }

  /** The last words were said. */
  get leaving(): boolean {
    return this.#waiting === "leave";
  }

  get waitsForNothing(): boolean {
    return this.#waiting === "nothing";
  }

  /** Nothing is due. */
  rest(): void {
    this.#waiting = "nothing";
    this.#shared.wheel.clear(this.#timer);
  }

  /** For a request, as long as a kept connection may wait for one. */
  request(): void {
    const { wheel, limits, drainRestMs } = this.#shared;
    this.#waiting = "idle";
    wheel.set(this.#timer, drainRestMs ?? limits.idleTimeoutMs);
  }

  /** For the rest of a head, counted from its first byte. */
  head(): void {
    if (this.#waiting === "head") return;
    this.#waiting = "head";
    this.#shared.wheel.set(this.#timer, this.#headMs);
  }

  /** The server drains: what is waited for may take less time from now on. */
  hurry(): void {
    if (this.#waiting === "idle") this.request();
    else if (this.#waiting === "head") this.#shared.wheel.set(this.#timer, this.#headMs);
  }

  /** For more of a body, and for enough of it. */
  body(): void {
    const { wheel, limits, clock } = this.#shared;
    this.#waiting = "body";
    wheel.set(this.#timer, limits.bodyTimeoutMs);
    const { minBodyRate } = limits;
    if (minBodyRate === 0) return;
    const nowMs = clock.now();
    this.#pace.waits(nowMs);
    if (!this.#pace.tooSlow(nowMs, minBodyRate)) return;
    this.#shared.limit("body_rate");
    this.#waiter.onBodyTooSlow(
      slowBody(`less than ${minBodyRate} bytes of the request body came per second`),
    );
  }

  bodyBegins(): void {
    this.#pace.reset();
  }

  bodyCame(bytes: number): void {
    this.#pace.took(bytes);
  }

  /** Nobody waits for the body at the moment: its pace is not the client's. */
  bodyHeld(): void {
    this.#pace.holds(this.#shared.clock.now());
  }

  /** For the client to take what was written. */
  behind(): void {
    this.#stall ??= new Deadline(() => this.#onStall());
    this.#shared.wheel.set(this.#stall, this.#shared.limits.stallTimeoutMs);
  }

  taken(): void {
    if (this.#stall !== undefined) this.#shared.wheel.clear(this.#stall);
  }

  /**
   * For the answer to a client that has ended its side. Whether it still reads, only a write finds out: as long as the
   * answer moves it is waited for, and no longer.
   */
  halfClosed(): void {
    this.rest();
    if (this.#half !== undefined) return;
    this.#half = new Deadline(() => this.#onSilence());
    this.#waiter.wroteOn();
    this.#shared.wheel.set(this.#half, this.#shared.limits.halfClosedTimeoutMs);
  }

  /** For the client to take our last words. @returns false when too many do: this one must go at once */
  leave(patient: boolean): boolean {
    this.#waiting = "leave";
    const { wheel, limits } = this.#shared;
    this.#shared.lingering++;
    // A flood of refused connections must not become a flood of open ones.
    const lingers = patient && this.#shared.lingering <= this.#shared.maxLingering;
    wheel.set(this.#timer, lingers ? lingerMs : limits.stallTimeoutMs);
    return lingers;
  }

  /** The connection is gone, or somebody else's. */
  end(): void {
    if (this.#waiting === "leave") this.#shared.lingering--;
    this.#waiting = "nothing";
    this.#shared.wheel.remove(this.#timer);
    if (this.#stall !== undefined) this.#shared.wheel.remove(this.#stall);
    if (this.#half !== undefined) this.#shared.wheel.remove(this.#half);
  }

  /** Who trickles a head may not hold a server that drains: it has the time of last words. */
  get #headMs(): number {
    const { limits, drainRestMs } = this.#shared;
    return drainRestMs === undefined ? limits.headTimeoutMs : Math.min(limits.headTimeoutMs, lingerMs);
  }

  #onTime(): void {
    const { limits, drainRestMs } = this.#shared;
    switch (this.#waiting) {
      case "idle":
        if (drainRestMs === undefined) this.#shared.limit("idle");
        else {
          setImmediate(() => this.#rested());
          return;
        }
        this.#waiter.port.close();
        return;
      case "head":
        this.#shared.limit("head_time");
        this.#waiter.onHeadTooSlow(this.#headMs);
        return;
      case "body":
        this.#shared.limit("body_time");
        this.#waiter.onBodyTooSlow(
          slowBody(
            `nothing more of the request body came within ${limits.bodyTimeoutMs} ms`,
            limits.bodyTimeoutMs,
          ),
        );
        return;
      case "leave":
        this.#cut();
        return;
      default:
    }
  }

  /** A thread that was held up hears of its timers first: what has come meanwhile is read before the connection goes. */
  #rested(): void {
    if (this.#waiting === "idle" && this.#timer.dueMs === Number.POSITIVE_INFINITY) this.#waiter.port.close();
  }

  /** Last words that are still under way get the time of an answer; a client that has them has had its time. */
  #cut(): void {
    const { port } = this.#waiter;
    if (port.pendingBytes === 0 || this.#lastChance) port.destroy();
    else {
      this.#lastChance = true;
      this.#shared.wheel.set(this.#timer, this.#shared.limits.stallTimeoutMs);
    }
  }

  #onSilence(): void {
    const { port } = this.#waiter;
    const moves = this.#waiter.wroteOn() || port.pendingBytes > 0;
    if (!moves) port.destroy();
    else if (this.#half !== undefined)
      this.#shared.wheel.set(this.#half, this.#shared.limits.halfClosedTimeoutMs);
  }

  #onStall(): void {
    const { port } = this.#waiter;
    if (port.pendingBytes === 0) return;
    this.#shared.limit("stall");
    port.destroy();
  }
}
