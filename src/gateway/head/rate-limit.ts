import { formatRetryAfter, type RateDecision, type RateLimitSettings } from "../../resilience/index.ts";

/**
 * `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers): structured lists of one named policy,
 * `q` requests in `w` seconds, `r` left for the next `t` seconds. A refusal adds `Retry-After`, never earlier than `t`.
 */
export function rateLimitFields(name: string, settings: RateLimitSettings, decision: RateDecision): string[] {
  const policy = `"${name.replaceAll(/["\\]/g, "\\$&")}"`;
  const fields = [
    "RateLimit-Policy",
    `${policy};q=${settings.limit};w=${Math.max(1, Math.ceil(settings.windowMs / 1000))}`,
    "RateLimit",
    `${policy};r=${decision.remaining};t=${Math.max(1, Math.ceil(decision.resetMs / 1000))}`,
  ];
  if (!decision.allowed) fields.push("Retry-After", formatRetryAfter(decision.retryAfterMs));
  return fields;
}
