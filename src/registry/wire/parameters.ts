import { messageOf, type Random } from "../../kernel/index.ts";
import { compileFilter } from "../filter/filter.ts";
import type { Shape } from "../filter/shapes.ts";
import { booleanOf } from "./boolean.ts";
import { parseWireDuration } from "./duration.ts";
import { refusal } from "./refusal.ts";

const defaultWaitMs = 300_000;
const maxWaitMs = 600_000;
const maxIndex = 2n ** 64n - 1n;

/** How long and since when a reader is willing to wait for news. */
export interface Blocking {
  /** 0: do not wait. May exceed 2^53. */
  readonly index: bigint;
  readonly waitMs: number;
}

/**
 * `index` and `wait`. A wait of nothing or less is the default of five minutes, more than ten minutes is ten; and
 * every wait is drawn out by up to a sixteenth, so that readers who came together do not return together.
 *
 * @throws TuskerError REGISTRY_INVALID, 400
 */
export function blockingOf(query: URLSearchParams, random: Random): Blocking {
  const wait = query.get("wait") ?? "";
  const waitMs = wait === "" ? 0 : parseWireDuration(wait);
  if (waitMs === undefined) throw refusal(400, "Invalid wait time");
  const written = query.get("index") ?? "";
  if (!/^\d{0,20}$/.test(written)) throw refusal(400, "Invalid index");
  const index = BigInt(written);
  if (index > maxIndex) throw refusal(400, "Invalid index");
  const chosen = waitMs <= 0 ? defaultWaitMs : Math.min(waitMs, maxWaitMs);
  return { index, waitMs: chosen + (random.next() * chosen) / 16 };
}

/** How fresh an answer must be. One process is always its own leader: all three are equally fresh here. */
export type Consistency = "leader" | "stale" | "consistent";

/** @throws TuskerError REGISTRY_INVALID, 400 */
export function consistencyOf(query: URLSearchParams): Consistency {
  const maxStale = query.get("max_stale") ?? "";
  if (maxStale !== "" && parseWireDuration(maxStale) === undefined) {
    throw refusal(400, `Invalid max_stale value ${JSON.stringify(maxStale)}`);
  }
  const stale = query.has("stale") || maxStale !== "";
  const consistent = query.has("consistent");
  if (stale && consistent) {
    throw refusal(400, "Cannot specify ?stale with ?consistent, conflicting semantics.");
  }
  if (query.has("cached") && consistent) {
    throw refusal(400, "Cannot specify ?cached with ?consistent, conflicting semantics.");
  }
  return stale ? "stale" : consistent ? "consistent" : "leader";
}

/** `passing`: alone means yes. @throws TuskerError REGISTRY_INVALID, 400 */
export function passingOf(query: URLSearchParams): boolean {
  const written = query.get("passing");
  if (written === null) return false;
  const value = written === "" ? true : booleanOf(written);
  if (value === undefined) throw refusal(400, "Invalid value for ?passing");
  return value;
}

/** A filter on an instance's tags: all must be there, in any case. */
export function tagFilterOf(query: URLSearchParams): (tags: readonly string[]) => boolean {
  const wanted = query
    .getAll("tag")
    .filter((tag) => tag !== "")
    .map((tag) => tag.toLowerCase());
  if (wanted.length === 0) return () => true;
  return (tags) => {
    const own = new Set(tags.map((tag) => tag.toLowerCase()));
    return wanted.every((tag) => own.has(tag));
  };
}

/** A filter on a node's metadata: `node-meta=key:value`, all must match. */
export function nodeMetaFilterOf(
  query: URLSearchParams,
): (meta: Readonly<Record<string, string>> | undefined) => boolean {
  const wanted = query.getAll("node-meta").map((pair) => {
    const colon = pair.indexOf(":");
    return colon === -1 ? [pair, ""] : [pair.slice(0, colon), pair.slice(colon + 1)];
  });
  return (meta) => wanted.every(([key = "", value]) => meta?.[key] === value);
}

/** Everything here is in one data centre. @throws TuskerError REGISTRY_INVALID, 500 */
export function refuseForeign(datacenter: string | null | undefined, own: string): void {
  if (datacenter && datacenter !== own) throw refusal(500, "No path to datacenter");
}

/** Which rows are wanted: `filter`. @throws TuskerError REGISTRY_INVALID, 500, its words after `beginning` */
export function filterOf(
  query: URLSearchParams,
  shape: Shape,
  beginning: string = "Failed to create boolean expression evaluator: ",
): (row: object) => boolean {
  const written = query.get("filter") ?? "";
  if (written === "") return () => true;
  try {
    return compileFilter(written, shape);
  } catch (error) {
    throw refusal(500, `${beginning}${messageOf(error)}`, error);
  }
}

/** Ignoring a filter would answer with what was not asked for. @throws TuskerError REGISTRY_INVALID, 400 */
export function refuseFilter(query: URLSearchParams): void {
  if ((query.get("filter") ?? "") !== "") {
    throw refusal(400, "This list takes no filter; filter the answer");
  }
}

/** There is one namespace in one partition, and neither has a name. @throws TuskerError REGISTRY_INVALID, 400 */
export function refuseElsewhere(query: URLSearchParams): void {
  for (const parameter of ["ns", "partition"]) {
    if ((query.get(parameter) ?? "") === "") continue;
    // What is meant for elsewhere is not done here instead.
    throw refusal(400, `Bad request: Invalid query parameter: "${parameter}" - there are none here`);
  }
}
