import { formatRetryAfter, type RateDecision, type RateLimitSettings } from "../../resilience/index.ts";

/**
 * `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers): structured lists of one named policy,
 * `q` requests in `w` seconds, `r` left for the next `t` seconds. A refusal adds `Retry-After`, never earlier than `t`.
 */
export function rateLimitFields(name: string, settings: RateLimitSettings, decision: RateDecision): string[] {
  const { quoted, policy } = wordsOf(name, settings);
  const fields = [
    "RateLimit-Policy",
    policy,
    "RateLimit",
    `${quoted};r=${decision.remaining};t=${Math.max(1, Math.ceil(decision.resetMs / 1000))}`,
  ];
  if (!decision.allowed) fields.push("Retry-After", formatRetryAfter(decision.retryAfterMs));
  return fields;
}

interface Words {
  readonly name: string;
  readonly quoted: string;
  readonly policy: string;
}

/** What every answer under a limit says alike; gone with the limit. */
const words = new WeakMap<RateLimitSettings, Words>();

function wordsOf(name: string, settings: RateLimitSettings): Words {
  const known = words.get(settings);
  if (known?.name === name) return known;
  const quoted = `"${name.replaceAll(/["\\]/g, "\\$&")}"`;
  const policy = `${quoted};q=${settings.limit};w=${Math.max(1, Math.ceil(settings.windowMs / 1000))}`;
  const made = { name, quoted, policy };
  words.set(settings, made);
  return made;
}
