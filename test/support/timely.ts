import assert from "node:assert/strict";

/**
 * Holds that something takes less than `limitMs`: a busy machine may make one attempt late, a defect makes all late.
 *
 * @param attempt does it once and gives how long it took, in milliseconds
 */
export async function timely(limitMs: number, attempt: () => Promise<number>, attempts = 3): Promise<void> {
  const took: number[] = [];
  while (took.length < attempts) {
    took.push(await attempt());
    if (Number(took.at(-1)) < limitMs) return;
  }
  assert.fail(`took ${took.map((ms) => `${Math.round(ms)} ms`).join(", ")}, and ${limitMs} ms is the limit`);
}
