import type { KvDraft } from "../kv/draft.ts";
import { set } from "../kv/operations.ts";

/** One key of a publication. */
export interface PublishStep {
  readonly key: string;
  /** Base64; undefined: the key goes. */
  readonly value: string | undefined;
  /** What the key must have now: the index of its value, `absent`, or anything when undefined. */
  readonly ifVersion?: number | "absent" | undefined;
}

/** A key that is not as the publisher thought. */
export interface Conflict {
  readonly key: string;
  readonly expected: number | "absent";
  readonly found: number | "absent";
}

/** Takes all steps on the draft; what is given stands against them, and the draft is then to be thrown away. */
export function publish(draft: KvDraft, steps: readonly PublishStep[]): Conflict[] {
  // Held against what is there before the first step: steps of one publication do not see each other.
  const conflicts = steps.flatMap(({ key, ifVersion: expected }) => {
    const found: Conflict["found"] = draft.get(key)?.valueIndex ?? "absent";
    return expected === undefined || expected === found ? [] : [{ key, expected, found }];
  });
  if (conflicts.length > 0) return conflicts;
  for (const { key, value } of steps) {
    if (value === undefined) draft.drop(key);
    else set(draft, { key, value, flags: draft.get(key)?.flags ?? "0" });
  }
  return [];
}
