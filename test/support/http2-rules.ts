import type { errorCode } from "../../src/net/http2/words.ts";
import { getBlock, postBlock, rawFrame } from "./http2-peer.ts";

/** Everything RFC 9113 says of a frame in a state, one broken rule at a time, as data: for our engine and for others. */

const [DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
];
const [END_STREAM, END_HEADERS, PADDED, WITH_PRIORITY] = [1, 4, 8, 0x20];

/** Frames of a client, after its hello. */
export type Said = readonly Uint8Array[];
export const open = (id: number, more = 0): Uint8Array =>
  rawFrame(HEADERS, END_HEADERS | more, id, postBlock);
export const get = (id: number): Uint8Array => rawFrame(HEADERS, END_HEADERS | END_STREAM, id, getBlock);
export const fields = (id: number, hex: string, flags = END_HEADERS | END_STREAM): Uint8Array =>
  rawFrame(HEADERS, flags, id, hex);
export const setting = (id: number, value: number): Uint8Array => {
  const payload = Buffer.alloc(6);
  payload.writeUInt32BE(value, payload.writeUInt16BE(id));
  return rawFrame(SETTINGS, 0, 0, payload);
};
export const word = (type: number, id: number, value: number): Uint8Array => {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(value);
  return rawFrame(type, 0, id, payload);
};
const literal = (name: string, value: string): string =>
  Buffer.concat([
    Buffer.from([0, name.length]),
    Buffer.from(name),
    Buffer.from([value.length]),
    Buffer.from(value),
  ]).toString("hex");
/** GET / with these fields after the four it needs. */
const withFields = (...pairs: readonly [string, string][]): Uint8Array =>
  fields(1, `828684410161${pairs.map(([name, value]) => literal(name, value)).join("")}`);

/** What breaks the connection, and the code of its GOAWAY. */
export const connectionErrors: readonly [string, keyof typeof errorCode, Said][] = [
  ["DATA on stream 0", "PROTOCOL_ERROR", [rawFrame(DATA, 0, 0, "00")]],
  ["DATA on an idle stream", "PROTOCOL_ERROR", [rawFrame(DATA, END_STREAM, 1, "00")]],
  ["padding as long as its DATA", "PROTOCOL_ERROR", [open(1), rawFrame(DATA, PADDED, 1, "05 0000")]],
  ["a padded frame without a length", "FRAME_SIZE_ERROR", [open(1), rawFrame(DATA, PADDED, 1)]],
  ["HEADERS on stream 0", "PROTOCOL_ERROR", [rawFrame(HEADERS, END_HEADERS, 0, getBlock)]],
  ["HEADERS on an even stream", "PROTOCOL_ERROR", [get(2)]],
  ["HEADERS on a stream that was passed over", "PROTOCOL_ERROR", [get(5), get(3)]],
  [
    "HEADERS with too much padding",
    "PROTOCOL_ERROR",
    [rawFrame(HEADERS, END_HEADERS | PADDED, 1, `20${getBlock.toString("hex")}`)],
  ],
  [
    "HEADERS too short for its priority",
    "FRAME_SIZE_ERROR",
    [rawFrame(HEADERS, END_HEADERS | WITH_PRIORITY, 1, "0000")],
  ],
  ["a block that is no HPACK", "COMPRESSION_ERROR", [fields(1, "be")]],
  ["PRIORITY on stream 0", "PROTOCOL_ERROR", [rawFrame(PRIORITY, 0, 0, "0000000000")]],
  ["RST_STREAM on stream 0", "PROTOCOL_ERROR", [word(RST, 0, 8)]],
  ["RST_STREAM on an idle stream", "PROTOCOL_ERROR", [word(RST, 1, 8)]],
  ["RST_STREAM of 3 bytes", "FRAME_SIZE_ERROR", [open(1), rawFrame(RST, 0, 1, "000000")]],
  ["SETTINGS on a stream", "PROTOCOL_ERROR", [rawFrame(SETTINGS, 0, 1)]],
  ["SETTINGS of 3 bytes", "FRAME_SIZE_ERROR", [rawFrame(SETTINGS, 0, 0, "000300")]],
  ["an acknowledgement with a payload", "FRAME_SIZE_ERROR", [rawFrame(SETTINGS, 1, 0, "000000000000")]],
  ["ENABLE_PUSH 2", "PROTOCOL_ERROR", [setting(2, 2)]],
  ["INITIAL_WINDOW_SIZE 2^31", "FLOW_CONTROL_ERROR", [setting(4, 2 ** 31)]],
  ["MAX_FRAME_SIZE below 16,384", "PROTOCOL_ERROR", [setting(5, 16_383)]],
  ["MAX_FRAME_SIZE above 2^24 - 1", "PROTOCOL_ERROR", [setting(5, 2 ** 24)]],
  ["ENABLE_CONNECT_PROTOCOL 2", "PROTOCOL_ERROR", [setting(8, 2)]],
  [
    "a window that overflows by SETTINGS",
    "FLOW_CONTROL_ERROR",
    [open(1), word(WINDOW, 1, 2 ** 31 - 65_536), setting(4, 65_536)],
  ],
  ["PUSH_PROMISE of a client", "PROTOCOL_ERROR", [rawFrame(PUSH, END_HEADERS, 1, "00000002 82")]],
  ["PING on a stream", "PROTOCOL_ERROR", [rawFrame(PING, 0, 1, "0000000000000000")]],
  ["PING of 6 bytes", "FRAME_SIZE_ERROR", [rawFrame(PING, 0, 0, "000000000000")]],
  ["GOAWAY on a stream", "PROTOCOL_ERROR", [rawFrame(GOAWAY, 0, 1, "0000000000000000")]],
  ["GOAWAY of 4 bytes", "FRAME_SIZE_ERROR", [rawFrame(GOAWAY, 0, 0, "00000000")]],
  ["WINDOW_UPDATE by 0 on the connection", "PROTOCOL_ERROR", [word(WINDOW, 0, 0)]],
  ["WINDOW_UPDATE on an idle stream", "PROTOCOL_ERROR", [word(WINDOW, 1, 1)]],
  ["WINDOW_UPDATE of 3 bytes", "FRAME_SIZE_ERROR", [rawFrame(WINDOW, 0, 0, "000001")]],
  ["a connection window above 2^31 - 1", "FLOW_CONTROL_ERROR", [word(WINDOW, 0, 2 ** 31 - 1)]],
  ["CONTINUATION without HEADERS", "PROTOCOL_ERROR", [rawFrame(CONTINUATION, END_HEADERS, 1, getBlock)]],
  [
    "CONTINUATION after the end of a block",
    "PROTOCOL_ERROR",
    [open(1), rawFrame(CONTINUATION, END_HEADERS, 1, "")],
  ],
  [
    "a frame within a block",
    "PROTOCOL_ERROR",
    [fields(1, "82", END_STREAM), rawFrame(PING, 0, 0, "0000000000000000")],
  ],
  [
    "an unknown frame within a block",
    "PROTOCOL_ERROR",
    [fields(1, "82", END_STREAM), rawFrame(0x16, 0, 0, "00")],
  ],
  [
    "CONTINUATION of another stream",
    "PROTOCOL_ERROR",
    [fields(1, "82", END_STREAM), rawFrame(CONTINUATION, END_HEADERS, 3, "86")],
  ],
  ["a frame larger than we allow", "FRAME_SIZE_ERROR", [open(1), rawFrame(DATA, 0, 1, Buffer.alloc(16_385))]],
  [
    "CONTINUATION without an end",
    "ENHANCE_YOUR_CALM",
    [fields(1, "82", END_STREAM), ...Array.from({ length: 40 }, () => rawFrame(CONTINUATION, 0, 1))],
  ],
  [
    "a block without an end",
    "ENHANCE_YOUR_CALM",
    [
      fields(1, "82", END_STREAM),
      ...Array.from({ length: 8 }, () => rawFrame(CONTINUATION, 0, 1, Buffer.alloc(16_000, 0x82))),
    ],
  ],
  [
    "a PING flood",
    "ENHANCE_YOUR_CALM",
    Array.from({ length: 1_100 }, () => rawFrame(PING, 0, 0, "0000000000000000")),
  ],
  ["a SETTINGS flood", "ENHANCE_YOUR_CALM", Array.from({ length: 1_100 }, () => rawFrame(SETTINGS, 0, 0))],
  [
    "a PRIORITY flood",
    "ENHANCE_YOUR_CALM",
    Array.from({ length: 1_100 }, () => rawFrame(PRIORITY, 0, 1, "0000000300")),
  ],
  [
    "a flood of empty DATA",
    "ENHANCE_YOUR_CALM",
    [open(1), ...Array.from({ length: 1_100 }, () => rawFrame(DATA, 0, 1))],
  ],
  [
    "a flood of unknown frames",
    "ENHANCE_YOUR_CALM",
    Array.from({ length: 1_100 }, () => rawFrame(0x20, 0, 0)),
  ],
  [
    "rapid reset",
    "ENHANCE_YOUR_CALM",
    Array.from({ length: 1_100 }, (_, i) => [open(i * 2 + 1), word(RST, i * 2 + 1, 8)]).flat(),
  ],
  [
    "streams that make us reset them",
    "ENHANCE_YOUR_CALM",
    Array.from({ length: 300 }, (_, i) => [open(i * 2 + 1), word(WINDOW, i * 2 + 1, 0)]).flat(),
  ],
];

/** What breaks the stream of number 1 and nothing else, and the code of its RST_STREAM. */
export const streamErrors: readonly [string, keyof typeof errorCode, Said][] = [
  ["DATA after END_STREAM", "STREAM_CLOSED", [open(1, END_STREAM), rawFrame(DATA, 0, 1, "00")]],
  ["HEADERS after END_STREAM", "STREAM_CLOSED", [open(1, END_STREAM), open(1, END_STREAM)]],
  ["DATA after RST_STREAM", "STREAM_CLOSED", [open(1), word(RST, 1, 8), rawFrame(DATA, 0, 1, "00")]],
  ["HEADERS after RST_STREAM", "STREAM_CLOSED", [open(1), word(RST, 1, 8), open(1, END_STREAM)]],
  ["a second head without END_STREAM", "PROTOCOL_ERROR", [open(1), open(1)]],
  ["trailers with a pseudo field", "PROTOCOL_ERROR", [open(1), fields(1, "82")]],
  ["PRIORITY of 4 bytes", "FRAME_SIZE_ERROR", [open(1), rawFrame(PRIORITY, 0, 1, "00000000")]],
  ["PRIORITY on itself", "PROTOCOL_ERROR", [open(1), rawFrame(PRIORITY, 0, 1, "0000000110")]],
  [
    "HEADERS that depend on themselves",
    "PROTOCOL_ERROR",
    [rawFrame(HEADERS, END_HEADERS | WITH_PRIORITY, 1, `0000000110${postBlock.toString("hex")}`)],
  ],
  ["WINDOW_UPDATE by 0", "PROTOCOL_ERROR", [open(1), word(WINDOW, 1, 0)]],
  ["a window above 2^31 - 1", "FLOW_CONTROL_ERROR", [open(1), word(WINDOW, 1, 2 ** 31 - 1)]],
  ["an upper-case name", "PROTOCOL_ERROR", [withFields(["X-A", "1"])]],
  ["a line end in a value", "PROTOCOL_ERROR", [withFields(["a", "1\r\nb: 2"])]],
  ["white space around a value", "PROTOCOL_ERROR", [withFields(["a", " 1"])]],
  ["connection", "PROTOCOL_ERROR", [withFields(["connection", "close"])]],
  ["transfer-encoding", "PROTOCOL_ERROR", [withFields(["transfer-encoding", "chunked"])]],
  ["te other than trailers", "PROTOCOL_ERROR", [withFields(["te", "gzip"])]],
  ["an unknown pseudo field", "PROTOCOL_ERROR", [withFields([":a", "1"])]],
  ["a pseudo field of answers", "PROTOCOL_ERROR", [fields(1, `88${getBlock.toString("hex")}`)]],
  ["a pseudo field after a regular one", "PROTOCOL_ERROR", [fields(1, `8286${literal("a", "1")}84`)]],
  ["no :method", "PROTOCOL_ERROR", [fields(1, "8684")]],
  ["no :scheme", "PROTOCOL_ERROR", [fields(1, "8284")]],
  ["no :path", "PROTOCOL_ERROR", [fields(1, "8286")]],
  ["an empty :path", "PROTOCOL_ERROR", [fields(1, "82860400")]],
  ["a :path without /", "PROTOCOL_ERROR", [fields(1, "8286040161")]],
  [":method twice", "PROTOCOL_ERROR", [fields(1, "82828684")]],
  [":protocol that was not agreed on", "PROTOCOL_ERROR", [withFields([":protocol", "websocket"])]],
  ["CONNECT with a path", "PROTOCOL_ERROR", [fields(1, `0207434f4e4e454354 86 84 410161`)]],
  ["Host and :authority that differ", "PROTOCOL_ERROR", [withFields(["host", "b"])]],
  [
    "a body longer than announced",
    "PROTOCOL_ERROR",
    [fields(1, `${postBlock.toString("hex")}0f0d0131`, END_HEADERS), rawFrame(DATA, END_STREAM, 1, "0000")],
  ],
  [
    "a body shorter than announced",
    "PROTOCOL_ERROR",
    [fields(1, `${postBlock.toString("hex")}0f0d0139`, END_HEADERS), rawFrame(DATA, END_STREAM, 1, "00")],
  ],
  [
    "a length announced without a body",
    "PROTOCOL_ERROR",
    [fields(1, `${postBlock.toString("hex")}0f0d0139`)],
  ],
  ["two lengths", "PROTOCOL_ERROR", [fields(1, `${postBlock.toString("hex")}0f0d01310f0d0132`)]],
];

/** What RFC 9113 allows, or says to pass over. */
export const fine: readonly [string, Said][] = [
  ["an unknown frame type", [rawFrame(0x16, 0xff, 0, "0011")]],
  ["unknown flags", [rawFrame(PING, 0x16, 0, "0000000000000000")]],
  ["the reserved bit of a stream id", [rawFrame(SETTINGS, 0, 0x8000_0000)]],
  ["unknown settings", [setting(0xff, 1)]],
  ["PRIORITY on an idle stream", [rawFrame(PRIORITY, 0, 9, "0000000100")]],
  ["PRIORITY on a stream that is over", [get(1), rawFrame(PRIORITY, 0, 1, "0000000300")]],
  ["WINDOW_UPDATE and RST_STREAM on a stream that is over", [get(1), word(WINDOW, 1, 5), word(RST, 1, 8)]],
  [
    "padding",
    [
      rawFrame(HEADERS, END_HEADERS | PADDED, 1, `02${postBlock.toString("hex")}0000`),
      rawFrame(DATA, PADDED | END_STREAM, 1, "01aa00"),
    ],
  ],
  [
    "a priority in HEADERS",
    [rawFrame(HEADERS, END_HEADERS | END_STREAM | WITH_PRIORITY, 1, `80000000ff${getBlock.toString("hex")}`)],
  ],
  [
    "a block in pieces",
    [
      fields(1, "82", END_STREAM),
      rawFrame(CONTINUATION, 0, 1),
      rawFrame(CONTINUATION, END_HEADERS, 1, "8684410161"),
    ],
  ],
  ["trailers", [open(1), fields(1, literal("x-sum", "1"))]],
  ["windows below zero", [setting(4, 0), get(1), setting(4, 100)]],
  ["OPTIONS *", [fields(1, "02074f5054494f4e53 86 04012a")]],
  ["te: trailers", [withFields(["te", "trailers"])]],
];
