import type { Random } from "../../src/kernel/index.ts";
import { getBlock, postBlock, rawFrame } from "./http2-peer.ts";

/** One frame and what it means, for the model and for whoever reads a failure. */
export interface Step {
  readonly what: string;
  readonly frame: Buffer;
  readonly act: Act;
}

type Act =
  | { readonly kind: "headers"; readonly id: number; readonly end: boolean; readonly selfish: boolean }
  | { readonly kind: "data"; readonly id: number; readonly end: boolean; readonly bytes: number }
  | { readonly kind: "rst"; readonly id: number }
  | { readonly kind: "window"; readonly id: number; readonly by: number }
  | { readonly kind: "priority"; readonly id: number; readonly on: number }
  | { readonly kind: "connection"; readonly breaks: string | undefined };

/** What a server says whose streams nobody answers. */
export interface Expected {
  /** "id CODE", in order. */
  readonly resets: readonly string[];
  /** The code of the connection's end; undefined while it lives. */
  readonly goaway: string | undefined;
}

/** A verdict, and whether it ended at a stream whose number was passed over (RFC 9113 §5.1.1). */
export interface Verdict {
  readonly expected: Expected;
  readonly passedOver: boolean;
}

/** A sequence of one to fourteen frames on few streams, so that they meet. */
export function sequence(random: Random): Step[] {
  return Array.from({ length: 1 + random.below(14) }, () => step(random));
}

/** The states of RFC 9113 §5.1 that a server sees which answers nothing. */
type State = "open" | "ended" | "reset by us" | "reset by the peer";

const streamWindow = 65_535;

/** The outcome by the tables of RFC 9113 §5.1 and §6. */
export function verdict(steps: readonly Step[]): Verdict {
  const model = new Model();
  for (const { act } of steps) {
    model.take(act);
    if (model.goaway !== undefined) break;
  }
  const { resets, goaway, passedOver } = model;
  return { expected: { resets, goaway }, passedOver };
}

class Model {
  readonly resets: string[] = [];
  goaway: string | undefined;
  passedOver = false;
  readonly #states = new Map<number, State>();
  readonly #unread = new Map<number, number>();
  readonly #windows = new Map<number, number>();
  #window = 65_535;
  #last = 0;

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
        else if (this.#alive(act.id)) this.#states.set(act.id, "reset by the peer");
        break;
      case "window":
        this.#grow(act.id, act.by);
        break;
      case "priority":
        if (act.on === act.id && this.#alive(act.id)) this.#reset(act.id, "PROTOCOL_ERROR");
        break;
      case "connection":
        this.goaway = act.breaks;
    }
  }

  #headers(id: number, end: boolean, selfish: boolean): void {
    if (this.#idle(id)) {
      if (id % 2 === 0) {
        this.goaway = "PROTOCOL_ERROR";
        return;
      }
      this.#last = id;
      this.#states.set(id, end ? "ended" : "open");
      if (selfish) this.#reset(id, "PROTOCOL_ERROR");
      return;
    }
    if (!this.#alive(id)) this.#late(id);
    else if (this.#states.get(id) === "ended") this.#reset(id, "STREAM_CLOSED");
    // What is sent has pseudo fields, which trailers may not have.
    else this.#reset(id, "PROTOCOL_ERROR");
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
      this.#reset(id, "STREAM_CLOSED");
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
    if (!this.#alive(id)) return;
    const window = (this.#windows.get(id) ?? 65_535) + by;
    this.#windows.set(id, window);
    if (by === 0) this.#reset(id, "PROTOCOL_ERROR");
    else if (window > 2 ** 31 - 1) this.#reset(id, "FLOW_CONTROL_ERROR");
  }

  /** DATA or HEADERS on a stream that is over. */
  #late(id: number): void {
    switch (this.#states.get(id)) {
      case "reset by us":
        return;
      case "reset by the peer":
        this.#reset(id, "STREAM_CLOSED");
        return;
      default:
        this.passedOver = true;
        this.goaway = "PROTOCOL_ERROR";
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

  #reset(id: number, code: string): void {
    this.resets.push(`${id} ${code}`);
    this.#states.set(id, "reset by us");
  }
}

const ids = [1, 3, 3, 5, 5, 7, 9, 2];

function step(random: Random): Step {
  const id = ids[random.below(ids.length)] ?? 1;
  const end = random.next() < 0.4;
  const pick = random.below(100);
  if (pick < 38) return headers(id, end, random.next() < 0.04);
  if (pick < 62) return data(id, end, random.next() < 0.1 ? 16_384 : random.below(50), random.next() < 0.2);
  if (pick < 72) return reset(id);
  if (pick < 84) return grow(random.next() < 0.3 ? 0 : id, random);
  if (pick < 90) return priority(id, random.next() < 0.2 ? id : 11);
  return ofConnection(random);
}

function headers(id: number, end: boolean, selfish: boolean): Step {
  const block = end ? getBlock : postBlock;
  const flags = 4 | (end ? 1 : 0) | (selfish ? 0x20 : 0);
  const own = Buffer.alloc(5);
  own.writeUInt32BE(id);
  return {
    what: `HEADERS ${id}${end ? " end" : ""}${selfish ? " on itself" : ""}`,
    frame: rawFrame(1, flags, id, selfish ? Buffer.concat([own, block]) : block),
    act: { kind: "headers", id, end, selfish },
  };
}

function data(id: number, end: boolean, size: number, padded: boolean): Step {
  const payload = padded
    ? Buffer.concat([Buffer.from([3]), Buffer.alloc(Math.min(size, 16_000) + 3)])
    : Buffer.alloc(size);
  // Padding is given back at once; only the body stays with its reader.
  const bytes = padded ? Math.min(size, 16_000) : size;
  return {
    what: `DATA ${id} ${bytes}${end ? " end" : ""}`,
    frame: rawFrame(0, (end ? 1 : 0) | (padded ? 8 : 0), id, payload),
    act: { kind: "data", id, end, bytes },
  };
}

function reset(id: number): Step {
  return { what: `RST_STREAM ${id}`, frame: rawFrame(3, 0, id, "00000008"), act: { kind: "rst", id } };
}

function grow(id: number, random: Random): Step {
  const by = [0, 1, 1_000, 2 ** 31 - 1][random.below(4)] ?? 0;
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(by);
  return {
    what: `WINDOW_UPDATE ${id} ${by === 0 ? "window of 0" : by}`,
    frame: rawFrame(8, 0, id, payload),
    act: { kind: "window", id, by },
  };
}

function priority(id: number, on: number): Step {
  const payload = Buffer.alloc(5);
  payload.writeUInt32BE(on);
  return {
    what: `PRIORITY ${id} on ${on === id ? "itself" : on}`,
    frame: rawFrame(2, 0, id, payload),
    act: { kind: "priority", id, on },
  };
}

/** Frames of the connection: mostly fine ones, so that sequences live long enough. */
function ofConnection(random: Random): Step {
  const all: readonly (readonly [string, Buffer, string | undefined])[] = [
    ["PING", rawFrame(6, 0, 0, "0000000000000001"), undefined],
    ["SETTINGS", rawFrame(4, 0, 0, "00ff00000001"), undefined],
    ["SETTINGS ACK", rawFrame(4, 1, 0), undefined],
    ["unknown", rawFrame(0x77, 0xff, 3, "00"), undefined],
    ["GOAWAY", rawFrame(7, 0, 0, "0000000000000000"), undefined],
    ["PING short", rawFrame(6, 0, 0, "00"), "FRAME_SIZE_ERROR"],
    ["SETTINGS on a stream", rawFrame(4, 0, 1), "PROTOCOL_ERROR"],
    ["CONTINUATION alone", rawFrame(9, 4, 1), "PROTOCOL_ERROR"],
    ["PUSH_PROMISE", rawFrame(5, 4, 1, "0000000282"), "PROTOCOL_ERROR"],
    ["DATA on 0", rawFrame(0, 0, 0, "00"), "PROTOCOL_ERROR"],
  ];
  const [what, frame, breaks] =
    all[random.next() < 0.75 ? random.below(4) : random.below(all.length)] ?? all[0]!;
  return { what, frame, act: { kind: "connection", breaks } };
}
