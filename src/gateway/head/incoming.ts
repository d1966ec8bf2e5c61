import type { HeaderList } from "../../net/index.ts";
import { namedByConnection } from "./hop-by-hop.ts";

/** What the gateway itself needs of a request's fields, collected in one pass. */
export interface IncomingHead {
  readonly fields: HeaderList;
  readonly host: string | undefined;
  /** Lowercase names that Connection declared per hop. */
  readonly named: ReadonlySet<string>;
  /** Repeated fields joined as one list (RFC 9110 §5.3); undefined when absent. */
  readonly forwarded: string | undefined;
  readonly forwardedFor: string | undefined;
  readonly forwardedProto: string | undefined;
  readonly forwardedHost: string | undefined;
  readonly forwardedPrefix: string | undefined;
  readonly via: string | undefined;
  readonly idempotencyKey: boolean;
  /** The client takes trailers (RFC 9110 §10.1.4). */
  readonly trailers: boolean;
}

export type HeadResult =
  | { readonly ok: true; readonly head: IncomingHead }
  /** What is wrong, as a sentence. */
  | { readonly ok: false; readonly problem: string };

/** Reads a head once and refuses what a service behind us might read in another way. */
export function readHead(fields: HeaderList, httpVersion: string): HeadResult {
  const named = new Set<string>();
  const found = new Map<string, string>();
  let hosts = 0;
  let authorizations = 0;
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = (fields[i] ?? "").toLowerCase();
    const value = fields[i + 1] ?? "";
    // CGI-style services read X_Forwarded_For as X-Forwarded-For: a client could write what we alone may write.
    if (name.includes("_")) return { ok: false, problem: `the field name "${name}" has an underscore` };
    if (name === "connection") namedByConnection(value, named);
    if (name === "host") hosts++;
    if (name === "authorization") authorizations++;
    if (!collected.has(name)) continue;
    const before = found.get(name);
    found.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  // RFC 9112 §3.2: with two Host fields one program routes by the first and the next by the second.
  if (hosts > 1) return { ok: false, problem: "there is more than one Host field" };
  if (hosts === 0 && httpVersion === "1.1") return { ok: false, problem: "there is no Host field" };
  // RFC 9110 §11.6.2: one value. With two the gateway may verify the first and a service believe the second.
  if (authorizations > 1) return { ok: false, problem: "there is more than one Authorization field" };
  const head: IncomingHead = {
    fields,
    host: found.get("host"),
    named,
    forwarded: found.get("forwarded"),
    forwardedFor: found.get("x-forwarded-for"),
    forwardedProto: found.get("x-forwarded-proto"),
    forwardedHost: found.get("x-forwarded-host"),
    forwardedPrefix: found.get("x-forwarded-prefix"),
    via: found.get("via"),
    idempotencyKey: found.has("idempotency-key"),
    trailers: /(?:^|,)\s*trailers\s*(?:,|$)/i.test(found.get("te") ?? ""),
  };
  return { ok: true, head };
}

const collected: ReadonlySet<string> = new Set([
  "host",
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  "x-forwarded-prefix",
  "via",
  "idempotency-key",
  "te",
]);
