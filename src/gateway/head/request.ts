import { deadlineHeader } from "../../resilience/index.ts";
import { propagationFields } from "../../telemetry/index.ts";
import { type Arrival, forwardedFields } from "./forwarded.ts";
import { hopByHop } from "./hop-by-hop.ts";
import type { IncomingHead } from "./incoming.ts";

/** Number of the try, from 2 on, so that a service can see that it is asked again. */
export const attemptHeader = "x-tusker-attempt";

/** Who asks, for routes that want to know: written by the gateway alone. */
export const consumerHeader = "x-tusker-consumer";

/** Written by the gateway itself for each hop or each try: what came in under these names does not go on. */
export const rewritten: ReadonlySet<string> = new Set([
  "host",
  "via",
  "forwarded",
  deadlineHeader,
  attemptHeader,
  consumerHeader,
  "x-tusker-mirror",
  ...propagationFields,
]);

/**
 * The fields of the request to the service, without those of a single try (`tryFields`). Nothing is passed on
 * unread: per-hop fields end here, and what says where the request came from is written anew.
 *
 * @param via our own entry, for example "1.1 tusker-3f2a"
 */
export function requestHead(head: IncomingHead, arrival: Arrival, via: string, hasBody: boolean): string[] {
  const out: string[] = [];
  const host = arrival.host ?? head.host;
  if (host !== undefined) out.push("Host", host);
  for (let i = 0; i + 1 < head.fields.length; i += 2) {
    const name = head.fields[i] ?? "";
    if (goesOn(name.toLowerCase(), head, arrival.trusted, hasBody)) out.push(name, head.fields[i + 1] ?? "");
  }
  // RFC 9110 §10.1.4: of TE only "trailers" means the same on the next hop.
  if (head.trailers) out.push("TE", "trailers");
  out.push(...forwardedFields(head, arrival));
  out.push("Via", head.via === undefined ? via : `${head.via}, ${via}`);
  return out;
}

/** RFC 9110 §7.6.3: a Via entry of our own means that the request has been here before. */
export function isLoop(head: IncomingHead, pseudonym: string): boolean {
  return head.via?.split(",").some((entry) => entry.trim().split(/\s+/)[1] === pseudonym) ?? false;
}

function goesOn(name: string, head: IncomingHead, trusted: boolean, hasBody: boolean): boolean {
  if (hopByHop.has(name) || rewritten.has(name) || head.named.has(name)) return false;
  if (name === "content-length") return hasBody;
  // The three of them that matter are written by forwardedFields; the others only a trusted proxy may write.
  if (name.startsWith("x-forwarded-")) return trusted && !continued.has(name);
  return name !== "x-real-ip" || trusted;
}

const continued: ReadonlySet<string> = new Set([
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  "x-forwarded-prefix",
]);
