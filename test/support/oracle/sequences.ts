import assert from "node:assert/strict";
import { type Random, seededRandom } from "../../../src/kernel/index.ts";
import { catalogReads, catalogWriteOf, compareCatalog, oneOf } from "./catalog.ts";
import { compareKeys, get, keyStepOf, startKeysAnew } from "./keys.ts";
import type { Exchange, Sides } from "./sides.ts";

/**
 * Random sequences of requests to both sides, each compared answer for answer: by turns one about keys and sessions
 * from a fresh start, and one about instances that goes on from what is there. Some requests are spoiled.
 *
 * @throws AssertionError that names the seed of the sequence, which can be run alone
 */
export async function compareSequences(sides: Sides, { seed, count }: { seed: number; count: number }) {
  for (let n = 0; n < count; n++) {
    try {
      await compareSequence(sides, seed + n);
    } catch (cause) {
      throw new assert.AssertionError({
        message: `sequence of seed ${seed + n}: ${cause instanceof Error ? cause.message : cause}`,
      });
    }
  }
}

async function compareSequence(sides: Sides, seed: number): Promise<void> {
  const random = seededRandom(seed);
  if (seed % 2 === 0) {
    await startKeysAnew(sides);
    for (let step = 0; step < 10; step++) await compareKeys(sides, spoiled(keyStepOf(random), random));
    await compareKeys(sides, get("/v1/kv/?recurse"));
    return;
  }
  for (let step = 0; step < 6; step++) await compareCatalog(sides, spoiled(catalogWriteOf(random), random));
  for (let step = 0; step < 3; step++)
    await compareCatalog(sides, { method: "GET", path: oneOf(random, catalogReads) });
}

/** One in six is wrong in some way that both refuse, or odd in a way that both take. */
function spoiled(exchange: Exchange, random: Random): Exchange {
  if (random.next() > 1 / 6) return exchange;
  const { path, body } = exchange;
  const more = path.includes("?") ? "&" : "?";
  const ways: (() => Exchange)[] = [
    () => ({ ...exchange, method: "POST" }),
    () => ({ ...exchange, path: `${path}${more}pretty` }),
    () => ({ ...exchange, path: `${path}${more}token=unknown` }),
    () => ({ ...exchange, path: `/v2${path.slice(3)}` }),
    () => (typeof body === "object" ? { ...exchange, body: { ...body, Bogus: 1 } } : exchange),
    () => (typeof body === "object" ? { ...exchange, body: JSON.stringify(body).slice(0, -1) } : exchange),
  ];
  return oneOf(random, ways)();
}
