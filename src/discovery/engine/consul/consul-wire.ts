import type { UrlRequest } from "../../../net/index.ts";
import { exchange, type RegistryAnswer, type RegistryHttp, refused, wireUrl } from "../../http.ts";
import { isFields, malformed, parseJson, textOf } from "../../json.ts";
import type { KvEntry } from "../engine.ts";

/** Requests on Consul's wire. */
export interface ConsulWire {
  readonly url: string;
  readonly http: RegistryHttp;
}

export type ConsulAnswer = RegistryAnswer & { readonly status: number };

const answerWithinMs = 10_000;

/**
 * @param fine statuses that are answers
 * @throws TuskerError DISCOVERY_UNREACHABLE, DISCOVERY_PROTOCOL for every other status
 */
export async function send(
  { url, http }: ConsulWire,
  request: Omit<UrlRequest, "url"> & { readonly path: string },
  fine: readonly number[] = [200],
): Promise<ConsulAnswer> {
  const { path, ...rest } = request;
  const whole = { headTimeoutMs: answerWithinMs, ...rest, url: wireUrl(url, path) };
  const answer = await exchange(http, whole);
  if (!fine.includes(answer.status)) throw refused(whole, answer.status, answer.text);
  return answer;
}

/** A key as a path: slashes part it on the wire as well. */
export function keyPath(key: string): string {
  return key.split("/").map(encodeURIComponent).join("/");
}

/** @throws TuskerError DISCOVERY_PROTOCOL */
export function entriesOf(rows: unknown): KvEntry[] {
  if (!Array.isArray(rows)) throw malformed("it lists no keys");
  return rows.map(entryOf);
}

export function entryOf(row: unknown): KvEntry {
  if (!isFields(row) || typeof row.ModifyIndex !== "number") throw malformed("a key lacks its index");
  return {
    key: textOf(row.Key),
    value: Buffer.from(textOf(row.Value), "base64"),
    version: String(row.ModifyIndex),
  };
}

/** Rows of a transaction that was done, or all that stood against it. */
export interface TxnOutcome {
  readonly rows: readonly unknown[];
  readonly errors: readonly string[];
}

/** Runs a transaction. @throws TuskerError DISCOVERY_UNREACHABLE, DISCOVERY_PROTOCOL */
export async function transact(
  wire: ConsulWire,
  operations: readonly object[],
  signal?: AbortSignal,
): Promise<TxnOutcome> {
  const body = JSON.stringify(operations.map((KV) => ({ KV })));
  const headers = ["Content-Type", "application/json"];
  const request = {
    method: "PUT",
    path: "/v1/txn",
    headers,
    body,
    ...(signal === undefined ? {} : { signal }),
  };
  const { text } = await send(wire, request, [200, 409]);
  const answer = parseJson(text);
  if (!isFields(answer)) throw malformed("it is no transaction");
  const { Results, Errors } = answer;
  return {
    rows: (Array.isArray(Results) ? Results : []).map((row: unknown) => (isFields(row) ? row.KV : undefined)),
    errors: (Array.isArray(Errors) ? Errors : []).map((row: unknown) =>
      isFields(row) ? textOf(row.What) : "",
    ),
  };
}

/** True when the errors only say that somebody else was faster; anything else is an error of ours or of theirs. */
export function onlyRaced(errors: readonly string[]): boolean {
  return errors.every((what) =>
    /index is stale|failed index check|doesn't exist|exists$|already held|lock delay/.test(what),
  );
}
