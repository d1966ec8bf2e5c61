import type { Random } from "../kernel/index.ts";

/** A version 4 uuid (RFC 9562 §5.4). Names things; it need not be unguessable. */
export function uuid(random: Random): string {
  const hex = (digits: number): string =>
    Array.from({ length: digits }, () => random.below(16).toString(16)).join("");
  const variant = (8 + random.below(4)).toString(16);
  return `${hex(8)}-${hex(4)}-4${hex(3)}-${variant}${hex(3)}-${hex(12)}`;
}
