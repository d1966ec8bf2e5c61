import { FieldBlock } from "../../net/index.ts";
import { formatRetryAfter, type RateDecision, type RateLimitSettings } from "../../resilience/index.ts";
import type { NamedLimit } from "../route.ts";

/**
 * `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers): structured lists of one named policy,
 * `q` requests in `w` seconds, `r` left for the next `t` seconds. A refusal adds `Retry-After`, never earlier than `t`.
 */
export function rateLimitFields(name: string, settings: RateLimitSettings, decision: RateDecision): string[] {
  const words = wordsOf(name, settings);
  const fields = ["RateLimit-Policy", words.policy, "RateLimit", stateOf(words, decision)];
  if (!decision.allowed) fields.push("Retry-After", formatRetryAfter(decision.retryAfterMs));
  return fields;
}

/** As `rateLimitFields`, of a decision that allowed, as lines. @returns false, and adds nothing, when they cannot be written */
export function addRateLimit(block: FieldBlock, { name, rate }: NamedLimit, decision: RateDecision): boolean {
  const words = wordsOf(name, rate.settings);
  if (words.line === undefined) return false;
  block.join(words.line);
  block.copy("RateLimit", stateOf(words, decision));
  return true;
}

function stateOf({ quoted }: Words, { remaining, resetMs }: RateDecision): string {
  // To the millisecond: what adding up made of a whole second is not the beginning of the next.
  return `${quoted};r=${remaining};t=${Math.max(1, Math.ceil(Math.round(resetMs) / 1000))}`;
}

interface Words {
  readonly name: string;
  readonly quoted: string;
  readonly policy: string;
  /** The field of the policy; undefined when the name holds what a head cannot carry. */
  readonly line: FieldBlock | undefined;
}

/** What every answer under a limit says alike; gone with the limit. */
const words = new WeakMap<RateLimitSettings, Words>();

function wordsOf(name: string, settings: RateLimitSettings): Words {
  const known = words.get(settings);
  if (known?.name === name) return known;
  const quoted = `"${plainText(name).replaceAll(/["\\]/g, "\\$&")}"`;
  const policy = `${quoted};q=${settings.limit};w=${Math.max(1, Math.ceil(settings.windowMs / 1000))}`;
  const line = new FieldBlock();
  const made = { name, quoted, policy, line: line.tryAdd("RateLimit-Policy", policy) ? line : undefined };
  words.set(settings, made);
  return made;
}

/** RFC 9651 §3.3.3: a string of a structured field is ASCII; a path in other letters stands as a request has it. */
function plainText(name: string): string {
  return name.toWellFormed().replaceAll(/[^\x20-\x7e]/gu, encodeURIComponent);
}
