import { systemClock } from "../../src/kernel/index.ts";

/**
 * Asks again and again until there is an answer, and says what it was waiting for when there is none in time.
 * For what another process does and tells nobody; what tells is awaited instead.
 *
 * @param limitMs default 60,000: a machine that is busy elsewhere is no failure
 */
export async function until<T>(
  what: string,
  ask: () => T | undefined | Promise<T | undefined>,
  limitMs: number = 60_000,
): Promise<T> {
  const end = systemClock.now() + limitMs;
  for (;;) {
    const found = await ask();
    if (found !== undefined && found !== false) return found;
    if (systemClock.now() > end) throw new Error(`waited ${limitMs} ms for: ${what}`);
    await systemClock.sleep(5);
  }
}
