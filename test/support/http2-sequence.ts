import type { Random } from "../../src/kernel/index.ts";
import { getBlock, postBlock, rawFrame } from "./http2-peer.ts";

/** One frame and what it means, for the model and for whoever reads a failure. */
export interface Step {
  readonly what: string;
  readonly frame: Buffer;
  readonly act: Act;
}

export type Act =
  | { readonly kind: "headers"; readonly id: number; readonly end: boolean; readonly selfish: boolean }
  | { readonly kind: "data"; readonly id: number; readonly end: boolean; readonly bytes: number }
  | { readonly kind: "rst"; readonly id: number }
  | { readonly kind: "window"; readonly id: number; readonly by: number }
  | { readonly kind: "priority"; readonly id: number; readonly on: number }
  | { readonly kind: "trailers"; readonly id: number }
  | { readonly kind: "acknowledgement" }
  | { readonly kind: "connection"; readonly breaks: string | undefined };

/** A sequence of one to fourteen frames on few streams, so that they meet. */
export function sequence(random: Random): Step[] {
  return Array.from({ length: 1 + random.below(14) }, () => step(random));
}

const ids = [1, 3, 3, 5, 5, 7, 9, 2];

function step(random: Random): Step {
  const id = ids[random.below(ids.length)] ?? 1;
  const end = random.next() < 0.4;
  const pick = random.below(100);
  if (pick < 32) return headers(id, end, random.next() < 0.04);
  if (pick < 35) return inPieces(id, end);
  if (pick < 38) return trailers(id);
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

/** A block in three frames, the second of them empty. */
function inPieces(id: number, end: boolean): Step {
  const block = end ? getBlock : postBlock;
  const frames = [rawFrame(1, end ? 1 : 0, id, block.subarray(0, 2)), rawFrame(9, 0, id)];
  return {
    what: `HEADERS ${id}${end ? " end" : ""} in pieces`,
    frame: Buffer.concat([...frames, rawFrame(9, 4, id, block.subarray(2))]),
    act: { kind: "headers", id, end, selfish: false },
  };
}

/** `x: y`, padded, and the end. */
function trailers(id: number): Step {
  return {
    what: `trailers ${id}`,
    frame: rawFrame(1, 5 | 8, id, "02 0001780179 0000"),
    act: { kind: "trailers", id },
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
  if (random.next() < 0.08)
    return { what: "SETTINGS ACK", frame: rawFrame(4, 1, 0), act: { kind: "acknowledgement" } };
  if (random.next() < 0.08)
    return {
      what: "PING ACK",
      frame: rawFrame(6, 1, 0, "0000000000000001"),
      act: { kind: "connection", breaks: undefined },
    };
  const some = random.next() < 0.75 ? fine : wrong;
  const [what, frame, breaks] = some[random.below(some.length)] ?? ["PING", rawFrame(6, 0, 0), undefined];
  return { what, frame, act: { kind: "connection", breaks } };
}

type OfConnection = readonly [what: string, frame: Buffer, breaks: string | undefined];

const fine: readonly OfConnection[] = [
  ["PING", rawFrame(6, 0, 0, "0000000000000001"), undefined],
  ["unknown setting", rawFrame(4, 0, 0, "00ff00000001"), undefined],
  ["SETTINGS of a table", rawFrame(4, 0, 0, "000100000000"), undefined],
  ["unknown", rawFrame(0x77, 0xff, 3, "00"), undefined],
];

const wrong: readonly OfConnection[] = [
  ["GOAWAY", rawFrame(7, 0, 0, "0000000000000000"), undefined],
  ["PING short", rawFrame(6, 0, 0, "00"), "FRAME_SIZE_ERROR"],
  ["PING on a stream", rawFrame(6, 0, 1, "0000000000000001"), "PROTOCOL_ERROR"],
  ["GOAWAY short", rawFrame(7, 0, 0, "00000000"), "FRAME_SIZE_ERROR"],
  ["SETTINGS on a stream", rawFrame(4, 0, 1), "PROTOCOL_ERROR"],
  ["SETTINGS of 5 bytes", rawFrame(4, 0, 0, "0001000000"), "FRAME_SIZE_ERROR"],
  ["ENABLE_PUSH 2", rawFrame(4, 0, 0, "000200000002"), "PROTOCOL_ERROR"],
  ["INITIAL_WINDOW_SIZE 2^31", rawFrame(4, 0, 0, "000480000000"), "FLOW_CONTROL_ERROR"],
  ["MAX_FRAME_SIZE 1", rawFrame(4, 0, 0, "000500000001"), "PROTOCOL_ERROR"],
  ["WINDOW_UPDATE short", rawFrame(8, 0, 0, "000001"), "FRAME_SIZE_ERROR"],
  ["CONTINUATION alone", rawFrame(9, 4, 1), "PROTOCOL_ERROR"],
  ["PUSH_PROMISE", rawFrame(5, 4, 1, "0000000282"), "PROTOCOL_ERROR"],
  ["DATA on 0", rawFrame(0, 0, 0, "00"), "PROTOCOL_ERROR"],
  ["HEADERS on 0", rawFrame(1, 5, 0, getBlock), "PROTOCOL_ERROR"],
  ["RST_STREAM on 0", rawFrame(3, 0, 0, "00000008"), "PROTOCOL_ERROR"],
  ["a frame too long", rawFrame(0x77, 0, 1, Buffer.alloc(16_385)), "FRAME_SIZE_ERROR"],
  ["HEADERS that are no HPACK", rawFrame(1, 5, 99, "fe"), "COMPRESSION_ERROR"],
  ["padding that is too long", rawFrame(1, 5 | 8, 99, "0582868441"), "PROTOCOL_ERROR"],
  [
    "PING within a block",
    Buffer.concat([rawFrame(1, 1, 99, "82"), rawFrame(6, 0, 0, "0000000000000001")]),
    "PROTOCOL_ERROR",
  ],
];
