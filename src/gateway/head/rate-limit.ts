import { FieldBlock } from "../../net/index.ts";
import { formatRetryAfter, type RateDecision, type RateLimitSettings } from "../../resilience/index.ts";

/**
 * `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers): structured lists of one named policy,
 * `q` requests in `w` seconds, `r` left for the next `t` seconds. A refusal adds `Retry-After`, never earlier than `t`.
 */
export function rateLimitFields(words: LimitWords, decision: RateDecision): string[] {
  const fields = ["RateLimit-Policy", words.policy, "RateLimit", stateOf(words, decision)];
  if (!decision.allowed) fields.push("Retry-After", formatRetryAfter(decision.retryAfterMs));
  return fields;
}

/** As `rateLimitFields`, of a decision that allowed, as lines. @returns false, and adds nothing, when they cannot be written */
export function addRateLimit(block: FieldBlock, words: LimitWords, decision: RateDecision): boolean {
  if (words.line === undefined) return false;
  block.join(words.line);
  block.copy("RateLimit", stateOf(words, decision));
  return true;
}

function stateOf({ quoted }: LimitWords, { remaining, resetMs }: RateDecision): string {
  // To the millisecond: what adding up made of a whole second is not the beginning of the next.
  return `${quoted};r=${remaining};t=${Math.max(1, Math.ceil(Math.round(resetMs) / 1000))}`;
}

/** What every answer under a limit says alike. */
export interface LimitWords {
  readonly quoted: string;
  readonly policy: string;
  /** The field of the policy; undefined when the name holds what a head cannot carry. */
  readonly line: FieldBlock | undefined;
}

export function limitWords(name: string, { limit, windowMs }: RateLimitSettings): LimitWords {
  const quoted = `"${plainText(name).replaceAll(/["\\]/g, "\\$&")}"`;
  const policy = `${quoted};q=${limit};w=${Math.max(1, Math.ceil(windowMs / 1000))}`;
  const line = new FieldBlock();
  return { quoted, policy, line: line.tryAdd("RateLimit-Policy", policy) ? line : undefined };
}

/** RFC 9651 §3.3.3: a string of a structured field is ASCII; a path in other letters stands as a request has it. */
function plainText(name: string): string {
  return name.toWellFormed().replaceAll(/[^\x20-\x7e]/gu, encodeURIComponent);
}
