import type { UrlRequest } from "../../../net/index.ts";
import { exchange, type RegistryHttp, refused, unreachable, wireUrl } from "../../http.ts";
import { isFields, malformed, parseJson, textOf } from "../../json.ts";
import type { KvEntry } from "../engine.ts";
import { jsonLines } from "./json-lines.ts";

/**
 * The v3 API of etcd over its JSON gateway (https://etcd.io/docs/v3.5/dev-guide/api_grpc_gateway/): gRPC with each
 * message as JSON, bytes as base64 and 64-bit numbers as text. Decision 0018 says why not gRPC itself.
 */
export interface EtcdWire {
  /** @throws TuskerError DISCOVERY_UNREACHABLE, DISCOVERY_PROTOCOL */
  call(method: string, message: object, signal?: AbortSignal): Promise<Record<string, unknown>>;
  /** The answers of a streaming method. @throws as `call`, also while reading */
  stream(method: string, message: object, signal: AbortSignal): AsyncIterable<Record<string, unknown>>;
}

const answerWithinMs = 10_000;

/** @param url etcd://host:2379, etcds://… */
export function etcdWire(url: string, http: RegistryHttp): EtcdWire {
  const base = url.replace(/^etcd/, "http");
  const requestOf = (method: string, message: object, signal: AbortSignal | undefined): UrlRequest => ({
    method: "POST",
    url: wireUrl(base, `/v3/${method}`),
    headers: ["Content-Type", "application/json"],
    body: JSON.stringify(message),
    headTimeoutMs: answerWithinMs,
    ...(signal === undefined ? {} : { signal }),
  });
  return {
    async call(method, message, signal) {
      const request = requestOf(method, message, signal);
      const { status, text } = await exchange(http, request);
      if (status !== 200) throw refused(request, status, reasonOf(text));
      return fieldsIn(text);
    },
    async *stream(method, message, signal) {
      const request = requestOf(method, message, signal);
      try {
        const answer = await http.request(request);
        if (answer.status !== 200)
          throw refused(request, answer.status, reasonOf(await answer.text(64 * 1024)));
        for await (const line of jsonLines(answer.body)) {
          const { result, error } = fieldsIn(line);
          if (!isFields(result))
            throw malformed(isFields(error) ? textOf(error.message) : "a stream ends oddly");
          yield result;
        }
      } catch (cause) {
        throw unreachable(request.url, cause);
      }
    },
  };
}

/** One key, or every key that begins so, as a request names them. */
export function keyRange(key: string): object {
  return { key: toBase64(key) };
}

/** Every key that begins so: up to the first key that does not. */
export function prefixRange(prefix: string): object {
  const bytes = Buffer.from(prefix);
  const last = bytes.findLastIndex((byte) => byte < 0xff);
  const end = Buffer.from(bytes.subarray(0, last + 1));
  if (last >= 0) end[last] = (end[last] ?? 0) + 1;
  // A single NUL: to the end of all keys.
  return { key: toBase64(bytes), range_end: toBase64(last >= 0 ? end : Buffer.from([0])) };
}

export function toBase64(bytes: string | Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

/** Revision of the store an answer was given at. */
export function revisionOf(answer: Record<string, unknown>): string {
  const revision = isFields(answer.header) ? textOf(answer.header.revision) : "";
  if (!/^\d+$/.test(revision)) throw malformed("an answer lacks its revision");
  return revision;
}

/** Rows of an answer, without what all their keys begin with. */
export function rowsOf(kvs: unknown, under: string): KvEntry[] {
  return (Array.isArray(kvs) ? kvs : []).map((row: unknown) => rowOf(row, under));
}

/** @throws TuskerError DISCOVERY_PROTOCOL */
export function rowOf(row: unknown, under: string): KvEntry {
  if (!isFields(row)) throw malformed("a key is no object");
  const key = Buffer.from(textOf(row.key), "base64").toString();
  return {
    key: key.slice(under.length),
    value: Buffer.from(textOf(row.value), "base64"),
    version: textOf(row.mod_revision),
  };
}

function fieldsIn(text: string): Record<string, unknown> {
  const value = parseJson(text);
  if (!isFields(value)) throw malformed("it is no object");
  return value;
}

function reasonOf(text: string): string {
  try {
    const said: unknown = JSON.parse(text);
    return isFields(said) ? textOf(said.message) : text;
  } catch {
    return text;
  }
}
