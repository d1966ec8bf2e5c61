/** gRPC status numbers, https://grpc.io/docs/guides/status-codes/. */
export const grpcStatus = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

export type GrpcStatusName = keyof typeof grpcStatus;

/** Name of a status number, for messages. */
export function grpcStatusName(status: number): string {
  return Object.keys(grpcStatus)[status] ?? `status ${status}`;
}

const byHttp: Readonly<Record<number, number>> = {
  400: 3,
  401: 16,
  402: 9,
  403: 7,
  404: 5,
  408: 4,
  409: 6,
  410: 5,
  412: 9,
  413: 8,
  415: 3,
  422: 3,
  429: 8,
  499: 1,
  500: 13,
  501: 12,
  502: 14,
  503: 14,
  504: 4,
};

/** The gRPC status that says what an HTTP error status says (google.rpc.Code's table, read backwards). */
export function grpcStatusOf(httpStatus: number): number {
  return byHttp[httpStatus] ?? (httpStatus < 500 ? grpcStatus.FAILED_PRECONDITION : grpcStatus.INTERNAL);
}

/** What a non-200 answer without grpc-status means: gRPC over HTTP/2, "HTTP2 to gRPC status code mapping". */
export function statusOfTransport(httpStatus: number): number {
  switch (httpStatus) {
    case 400:
      return grpcStatus.INTERNAL;
    case 401:
      return grpcStatus.UNAUTHENTICATED;
    case 403:
      return grpcStatus.PERMISSION_DENIED;
    case 404:
      return grpcStatus.UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504:
      return grpcStatus.UNAVAILABLE;
    default:
      return grpcStatus.UNKNOWN;
  }
}

/** Writes a grpc-message: UTF-8, with every byte outside printable ASCII, and `%`, percent-encoded. */
export function encodeMessage(text: string): string {
  let out = "";
  for (const byte of Buffer.from(text, "utf8")) {
    if (byte >= 0x20 && byte <= 0x7e && byte !== 0x25) out += String.fromCharCode(byte);
    else out += `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return out;
}

/** Reads a grpc-message. Broken escapes stay as they are: the message must never be lost to its own encoding. */
export function decodeMessage(text: string): string {
  if (!text.includes("%")) return text;
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const hex = text.slice(i + 1, i + 3);
    if (text[i] === "%" && /^[0-9a-fA-F]{2}$/.test(hex)) {
      bytes.push(Number.parseInt(hex, 16));
      i += 2;
    } else {
      bytes.push(...Buffer.from(text[i] ?? "", "utf8"));
    }
  }
  return Buffer.from(bytes).toString("utf8");
}
