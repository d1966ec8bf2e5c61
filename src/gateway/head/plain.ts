import { FieldBlock, type HeaderList } from "../../net/index.ts";
import { deadlineHeader } from "../../resilience/index.ts";
import { propagationFields } from "../../telemetry/index.ts";
import { type EarlierHops, forwardedFields } from "./forwarded.ts";
import { hopByHop } from "./hop-by-hop.ts";
import { rewritten } from "./request.ts";

/**
 * The heads of everyday messages, rewritten in one pass: what `requestHead` and `answerHead` would make of them, or
 * undefined when there is anything in them that needs more thought. Nine of ten messages are this plain, and their
 * names are the same few: what becomes of a name is looked up by its spelling, not worked out each time.
 */

/** How a plain request reached us; from a peer whose word on earlier hops counts for nothing. */
export interface PlainArrival {
  readonly peer: string;
  readonly host: string;
  /** What the gateway took off the path; empty when nothing. */
  readonly prefix: string;
  /** Our own entry in Via. */
  readonly via: string;
}

/** What becomes of a field. */
type Fate =
  | "pass"
  | "drop"
  /** Plain as long as it says nothing but keep-alive or close. */
  | "connection"
  /** Part of a trace context, which is read and written anew. */
  | "trace"
  /** Passes when it comes once. */
  | "single"
  /** Only the whole rule book says what it means. */
  | "unusual";

/** A rewritten request head. */
export interface PlainHead {
  readonly block: FieldBlock;
  /** True when a trace context came in. */
  readonly traced: boolean;
}

/**
 * The fields of a request without body, as the service shall see them, but for those that differ from try to try.
 *
 * @param fields as a decoder of ours has read them
 */
export function plainRequest(fields: HeaderList, arrival: PlainArrival): PlainHead | undefined {
  const block = new FieldBlock();
  block.copy("Host", arrival.host);
  let traced = false;
  let authorized = false;
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? "";
    const value = fields[i + 1] ?? "";
    const fate = requestFates.of(name);
    if (fate === "pass") block.copy(name, value);
    else if (fate === "trace") traced = true;
    else if (fate === "single" && !authorized) {
      block.copy(name, value);
      authorized = true;
    } else if (fate === "single" || fate === "unusual") return undefined;
    else if (fate === "connection" && !isPlainConnection(value)) return undefined;
  }
  block.join(ownLines(arrival));
  return { block, traced };
}

/** What every request of this arrival says of us and of the hop before. */
function ownLines(arrival: PlainArrival): FieldBlock {
  const known = arrivals.get(arrival.peer);
  if (known !== undefined && isSameArrival(known.arrival, arrival)) return known.lines;
  const { peer, host, prefix, via } = arrival;
  const lines = new FieldBlock();
  const forwarded = forwardedFields(nothingBefore, { peer, host, prefix, proto: "http", trusted: false });
  for (let i = 0; i + 1 < forwarded.length; i += 2) lines.copy(forwarded[i] ?? "", forwarded[i + 1] ?? "");
  lines.copy("Via", via);
  if (arrivals.size >= mostArrivals) arrivals.clear();
  arrivals.set(peer, { arrival, lines: lines.settled() });
  return lines;
}

export function isSameArrival(a: PlainArrival, b: PlainArrival): boolean {
  return a.peer === b.peer && a.host === b.host && a.prefix === b.prefix && a.via === b.via;
}

/** By the peer, what was written for it last. */
const arrivals = new Map<string, { readonly arrival: PlainArrival; readonly lines: FieldBlock }>();
const mostArrivals = 1024;

/** The fields of an answer, without those of one hop. @param fields as a decoder of ours has read them */
export function plainAnswer(fields: HeaderList): FieldBlock | undefined {
  const block = new FieldBlock();
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? "";
    const value = fields[i + 1] ?? "";
    const fate = answerFates.of(name);
    if (fate === "pass") block.copy(name, value);
    else if (fate === "unusual" || (fate === "connection" && !isPlainConnection(value))) return undefined;
  }
  return block;
}

/** Words of an untrusted peer about earlier hops do not count. */
const nothingBefore: EarlierHops = {
  forwarded: undefined,
  forwardedFor: undefined,
  forwardedProto: undefined,
  forwardedHost: undefined,
  forwardedPrefix: undefined,
};

function isPlainConnection(value: string): boolean {
  return value === "keep-alive" || value === "close" || /^(?:keep-alive|close)$/i.test(value);
}

const tracing: ReadonlySet<string> = new Set(propagationFields);
/** What only a trusted proxy may say, and what is counted anew. */
const ours: ReadonlySet<string> = new Set(["x-real-ip", "content-length"]);
const readFurther: ReadonlySet<string> = new Set([
  ...["te", "upgrade", "expect", "trailer", "transfer-encoding", "via"],
  ...["idempotency-key", "grpc-timeout", deadlineHeader],
]);

function fateInRequest(name: string): Fate {
  if (name === "connection") return "connection";
  if (tracing.has(name)) return "trace";
  if (name === "authorization") return "single";
  // An underscore is refused, with a sentence that says why.
  if (readFurther.has(name) || name.includes("_")) return "unusual";
  if (hopByHop.has(name) || rewritten.has(name) || ours.has(name) || name.startsWith("x-forwarded-"))
    return "drop";
  return "pass";
}

function fateInAnswer(name: string): Fate {
  if (name === "connection") return "connection";
  if (name === "trailer" || name === "upgrade") return "unusual";
  // The engine writes the length it counts.
  return hopByHop.has(name) || name === "content-length" ? "drop" : "pass";
}

/** Fates by the name as it was spelled. Clients choose spellings, so that only so many are kept. */
class Fates {
  readonly #known = new Map<string, Fate>();
  readonly #judge: (lower: string) => Fate;

  constructor(judge: (lower: string) => Fate) {
    this.#judge = judge;
  }

  of(name: string): Fate {
    return this.#known.get(name) ?? this.#learn(name);
  }

  #learn(name: string): Fate {
    const fate = this.#judge(name.toLowerCase());
    if (this.#known.size < mostSpellings && name.length <= 64) this.#known.set(name, fate);
    return fate;
  }
}

const mostSpellings = 1024;
const requestFates = new Fates(fateInRequest);
const answerFates = new Fates(fateInAnswer);
