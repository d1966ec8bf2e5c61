import type { Act, Step } from "./http2-sequence.ts";

/** What a server says whose streams nobody answers. */
export interface Expected {
  /** "id CODE", in order. */
  readonly resets: readonly string[];
  /** The code of the connection's end; undefined while it lives. */
  readonly goaway: string | undefined;
}

/**
 * Where RFC 9113 leaves a choice, or an implementation takes one: what a server does about frames that are wrong for their
 * stream. Every word that is true is a difference from ours, with its reason.
 */
export interface Dialect {
  /** DATA and HEADERS after END_STREAM break the connection (§5.1 "half-closed (remote)" asks for a stream error). */
  readonly endedBreaks: boolean;
  /** A window of a stream that grows by nothing or overflows breaks the connection (§6.9 asks for a stream error). */
  readonly windowBreaks: boolean;
  /** HEADERS that depend on themselves break the connection (§5.3.1 deprecates what they say). */
  readonly selfBreaks: boolean;
  /** A PRIORITY frame that depends on itself is overlooked (§5.3.1, too). */
  readonly priorityIgnored: boolean;
  /** Frames on a stream its own client has reset are overlooked (§5.1 "closed" lets them be a stream error). */
  readonly afterResetIgnored: boolean;
  /** A second acknowledgement, of settings that were never sent, breaks the connection (§6.5.3 does not speak of it). */
  readonly strayAckBreaks: boolean;
  /** A reset is written after everything at hand was read; until then windows and the end of its stream still count. */
  readonly resetsWait: boolean;
  /** Streams whose number was passed over count as closed long ago (§5.1.1 makes them a connection error). */
  readonly passedOverIgnored: boolean;
}

/**
 * What node:http2 itself answers in its own time, after the bytes at hand: it closes the session of a client that says
 * GOAWAY, and breaks one (INTERNAL_ERROR) that answers a PING which was never sent. Sequences are compared up to there.
 */
export const inItsOwnTime: ReadonlySet<string> = new Set(["GOAWAY", "PING ACK"]);

/** Our engine, and RFC 9113 where it leaves no choice. */
export const ours: Dialect = {
  endedBreaks: false,
  windowBreaks: false,
  selfBreaks: false,
  priorityIgnored: false,
  afterResetIgnored: false,
  strayAckBreaks: false,
  resetsWait: false,
  passedOverIgnored: false,
};

/** nghttp2 below node:http2. */
export const nghttp2: Dialect = {
  endedBreaks: true,
  windowBreaks: true,
  selfBreaks: true,
  priorityIgnored: true,
  afterResetIgnored: true,
  strayAckBreaks: true,
  resetsWait: true,
  passedOverIgnored: true,
};

/** The states of RFC 9113 §5.1 that a server sees which answers nothing. */
type State = "open" | "ended" | "reset by us" | "reset by the peer";

const streamWindow = 65_535;

/** The outcome by the tables of RFC 9113 §5.1 and §6. */
export function verdict(steps: readonly Step[], dialect: Dialect = ours): Expected {
  const model = new Model(dialect);
  for (const { act } of steps) {
    model.take(act);
    if (model.goaway !== undefined) break;
  }
  const { resets, goaway } = model;
  return { resets, goaway };
}

class Model {
  readonly resets: string[] = [];
  goaway: string | undefined;
  readonly #dialect: Dialect;
  readonly #states = new Map<number, State>();
  readonly #unread = new Map<number, number>();
  readonly #windows = new Map<number, number>();
  readonly #endedAndReset = new Set<number>();
  #window = 65_535;
  #last = 0;
  #acknowledgements = 0;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  take(act: Act): void {
    switch (act.kind) {
      case "headers":
        this.#headers(act.id, act.end, act.selfish);
        break;
      case "data":
        this.#data(act.id, act.end, act.bytes);
        break;
      case "rst":
        if (this.#idle(act.id)) this.goaway = "PROTOCOL_ERROR";
        else if (this.#counts(act.id)) this.#states.set(act.id, "reset by the peer");
        break;
      case "window":
        this.#grow(act.id, act.by);
        break;
      case "priority":
        if (act.on === act.id && this.#alive(act.id) && !this.#dialect.priorityIgnored)
          this.#reset(act.id, "PROTOCOL_ERROR");
        break;
      case "trailers":
        this.#trailers(act.id);
        break;
      case "acknowledgement":
        if (++this.#acknowledgements > 1 && this.#dialect.strayAckBreaks) this.goaway = "PROTOCOL_ERROR";
        break;
      case "connection":
        this.goaway = act.breaks;
    }
  }

  #headers(id: number, end: boolean, selfish: boolean): void {
    if (this.#idle(id)) {
      if (id % 2 === 0 || (selfish && this.#dialect.selfBreaks)) {
        this.goaway = "PROTOCOL_ERROR";
        return;
      }
      this.#last = id;
      this.#states.set(id, end ? "ended" : "open");
      if (selfish) this.#reset(id, "PROTOCOL_ERROR");
      return;
    }
    if (!this.#alive(id)) this.#late(id);
    else if (this.#states.get(id) === "ended") this.#afterEnd(id);
    // What is sent has pseudo fields, which trailers may not have.
    else this.#reset(id, "PROTOCOL_ERROR");
  }

  /** A block with END_STREAM and without pseudo fields. */
  #trailers(id: number): void {
    if (this.#states.get(id) === "open") {
      this.#states.set(id, "ended");
      return;
    }
    const fresh = this.#idle(id);
    this.#headers(id, true, false);
    if (!fresh || this.goaway !== undefined) return;
    // As the beginning of a request they lack everything.
    this.#reset(id, "PROTOCOL_ERROR");
    this.#endedAndReset.add(id);
  }

  #data(id: number, end: boolean, bytes: number): void {
    if (this.#idle(id)) {
      this.goaway = "PROTOCOL_ERROR";
      return;
    }
    if (!this.#alive(id)) {
      this.#late(id);
      return;
    }
    if (this.#states.get(id) === "ended") {
      this.#afterEnd(id);
      return;
    }
    const unread = (this.#unread.get(id) ?? 0) + bytes;
    this.#unread.set(id, unread);
    if (unread > streamWindow) this.#reset(id, "FLOW_CONTROL_ERROR");
    else if (end) this.#states.set(id, "ended");
  }

  #grow(id: number, by: number): void {
    if (id === 0) {
      this.#window += by;
      if (by === 0) this.goaway = "PROTOCOL_ERROR";
      else if (this.#window > 2 ** 31 - 1) this.goaway = "FLOW_CONTROL_ERROR";
      return;
    }
    if (this.#idle(id)) {
      this.goaway = "PROTOCOL_ERROR";
      return;
    }
    if (!this.#counts(id)) return;
    const window = (this.#windows.get(id) ?? 65_535) + by;
    this.#windows.set(id, window);
    const code = by === 0 ? "PROTOCOL_ERROR" : window > 2 ** 31 - 1 ? "FLOW_CONTROL_ERROR" : undefined;
    if (code === undefined) return;
    if (this.#dialect.windowBreaks) this.goaway = code;
    else this.#reset(id, code);
  }

  #afterEnd(id: number): void {
    if (this.#dialect.endedBreaks) this.goaway = "STREAM_CLOSED";
    else this.#reset(id, "STREAM_CLOSED");
  }

  /** DATA or HEADERS on a stream that is over. */
  #late(id: number): void {
    switch (this.#states.get(id)) {
      case "reset by us":
        if (this.#dialect.resetsWait && this.#endedAndReset.has(id)) this.goaway = "STREAM_CLOSED";
        return;
      case "reset by the peer":
        if (!this.#dialect.afterResetIgnored) this.#reset(id, "STREAM_CLOSED");
        return;
      default:
        if (!this.#dialect.passedOverIgnored) this.goaway = "PROTOCOL_ERROR";
    }
  }

  /** Even streams are the server's, which begins none. */
  #idle(id: number): boolean {
    return id % 2 === 0 || id > this.#last;
  }

  #alive(id: number): boolean {
    const state = this.#states.get(id);
    return state === "open" || state === "ended";
  }

  #counts(id: number): boolean {
    return this.#alive(id) || (this.#dialect.resetsWait && this.#states.get(id) === "reset by us");
  }

  #reset(id: number, code: string): void {
    this.resets.push(`${id} ${code}`);
    this.#states.set(id, "reset by us");
  }
}
