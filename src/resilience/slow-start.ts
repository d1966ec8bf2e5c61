/** The share of its weight an endpoint begins with: enough to be warmed, too little to be drowned. */
const firstShare = 0.1;

/**
 * The share of its weight that an endpoint takes `ageMs` after it came or came back: from a tenth up to all of it,
 * straight over the window (Envoy's slow start with aggression 1).
 */
export function slowStart(ageMs: number, windowMs: number): number {
  return ageMs >= windowMs ? 1 : Math.max(firstShare, ageMs / windowMs);
}
