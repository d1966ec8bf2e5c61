import type { TuskerError } from "../../kernel/index.ts";
import type { HeaderList } from "../../net/index.ts";
import { Fault } from "../fault.ts";
import { encodeErrorInfo } from "./details.ts";
import { encodeMessage } from "./status.ts";

/** Longest grpc-message, encoded: a letter beyond ASCII takes up to twelve bytes. */
const maxMessageBytes = 2_048;

/** What message and details may take of a peer's header limit, typically 8 KiB; the rest is for the other fields. */
const maxBytes = 7_168;

/**
 * An error as the fields that end a call. When it grows too large the error's details go
 * first; status, code and the beginning of the message always arrive.
 */
export function failureFields(error: TuskerError): HeaderList {
  const message = beginning(error.message);
  const encoded = encodeMessage(message);
  const declared = error instanceof Fault;
  const info = {
    status: error.row.grpc,
    message,
    reason: declared ? error.fault : error.code,
    domain: declared ? error.service : "tusker",
  };
  const full = encodeErrorInfo({ ...info, details: error.details });
  const details = encoded.length + full.length <= maxBytes ? full : encodeErrorInfo({ ...info, details: {} });
  return ["grpc-status", String(error.row.grpc), "grpc-message", encoded, "grpc-status-details-bin", details];
}

/** As much of a text, in whole letters, as fits when encoded. */
function beginning(text: string): string {
  let [bytes, end] = [0, 0];
  for (const letter of text) {
    bytes += encodeMessage(letter).length;
    if (bytes > maxMessageBytes) break;
    end += letter.length;
  }
  return text.slice(0, end);
}
