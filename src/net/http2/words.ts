/** The numbers of RFC 9113, under the names it gives them. */

/** RFC 9113 §6. */
export const frameType = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

/** Flags share numbers between frame types: ACK is END_STREAM's bit. */
export const flag = { ACK: 0x1, END_STREAM: 0x1, END_HEADERS: 0x4, PADDED: 0x8, PRIORITY: 0x20 } as const;

/** RFC 9113 §7. */
export const errorCode = {
  NO_ERROR: 0,
  PROTOCOL_ERROR: 1,
  INTERNAL_ERROR: 2,
  FLOW_CONTROL_ERROR: 3,
  SETTINGS_TIMEOUT: 4,
  STREAM_CLOSED: 5,
  FRAME_SIZE_ERROR: 6,
  REFUSED_STREAM: 7,
  CANCEL: 8,
  COMPRESSION_ERROR: 9,
  CONNECT_ERROR: 10,
  ENHANCE_YOUR_CALM: 11,
  INADEQUATE_SECURITY: 12,
  HTTP_1_1_REQUIRED: 13,
} as const;

/** The name of an error code, for messages. */
export function errorName(code: number): string {
  return Object.keys(errorCode)[code] ?? `error ${code}`;
}

/** RFC 9113 §6.5.2, and RFC 8441 §3 for extended CONNECT. */
export const settingId = {
  HEADER_TABLE_SIZE: 1,
  ENABLE_PUSH: 2,
  MAX_CONCURRENT_STREAMS: 3,
  INITIAL_WINDOW_SIZE: 4,
  MAX_FRAME_SIZE: 5,
  MAX_HEADER_LIST_SIZE: 6,
  ENABLE_CONNECT_PROTOCOL: 8,
} as const;

/** The bytes every client begins with (RFC 9113 §3.4). */
export const preface: Buffer = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** What both sides may count on before the first SETTINGS (RFC 9113 §6.5.2). */
export const initialWindow = 65_535;
export const initialFrameSize = 16_384;
export const initialTableSize = 4_096;

/** No window may grow past it (RFC 9113 §6.9.1); also the largest stream id. */
export const maxWindow = 0x7fff_ffff;

/** Breaks a connection or one stream with an error code of the RFC. */
export class Http2Error extends Error {
  override readonly name = "Http2Error";
  readonly code: number;
  /** The stream that is broken; undefined when it is the connection. */
  readonly streamId: number | undefined;

  constructor(code: number, message: string, streamId?: number) {
    super(message);
    this.code = code;
    this.streamId = streamId;
  }
}
