import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { problemMediaType, systemCode, TuskerError, toProblem } from "../kernel/index.ts";
import type { Answer, ServerExchange } from "../net/index.ts";

const inflate = promisify(gunzip);

/**
 * The body of a request, decompressed. `maxBytes` holds before and after, so that a small body cannot grow large here.
 *
 * @throws TuskerError COLLECTOR_TOO_LARGE, COLLECTOR_MALFORMED, COLLECTOR_UNSUPPORTED_MEDIA
 */
export async function bodyOf(exchange: ServerExchange, maxBytes: number): Promise<Uint8Array> {
  const encoding = exchange.header("content-encoding")?.trim().toLowerCase() ?? "identity";
  if (encoding !== "identity" && encoding !== "gzip" && encoding !== "x-gzip")
    throw new TuskerError(
      "COLLECTOR_UNSUPPORTED_MEDIA",
      `content-encoding ${encoding} is not read; use gzip`,
    );
  const bytes = await exchange.bytes(maxBytes).catch((error: unknown) => {
    throw error instanceof TuskerError && error.code === "NET_BODY_TOO_LARGE"
      ? tooLarge(maxBytes, error)
      : error;
  });
  if (encoding === "identity") return bytes;
  try {
    return await inflate(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    if (systemCode(error) === "ERR_BUFFER_TOO_LARGE") throw tooLarge(maxBytes, error);
    throw new TuskerError("COLLECTOR_MALFORMED", "the spans could not be read: the body is no gzip", {
      cause: error,
    });
  }
}

/** Media type of a request without parameters, lowercase; empty when absent. */
export function mediaTypeOf(exchange: ServerExchange): string {
  const [type = ""] = (exchange.header("content-type") ?? "").split(";");
  return type.trim().toLowerCase();
}

/** The error of a body in words nobody here reads. */
export function unsupportedMedia(found: string, wanted: string): TuskerError {
  return new TuskerError(
    "COLLECTOR_UNSUPPORTED_MEDIA",
    `content-type ${found === "" ? "is missing" : `${found} is not read here`}; send ${wanted}`,
  );
}

export function problemAnswer(error: TuskerError, headers: readonly string[] = []): Answer {
  const body = JSON.stringify(toProblem(error));
  return { status: error.row.http, headers: ["content-type", problemMediaType, ...headers], body };
}

export function jsonAnswer(value: unknown, status = 200): Answer {
  return { status, headers: ["content-type", "application/json"], body: JSON.stringify(value) };
}

function tooLarge(maxBytes: number, cause: unknown): TuskerError {
  return new TuskerError(
    "COLLECTOR_TOO_LARGE",
    `the body is larger than ${maxBytes} bytes; send smaller batches`,
    { cause },
  );
}
