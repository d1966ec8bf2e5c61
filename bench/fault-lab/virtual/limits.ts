import { manualClock, seededRandom } from "../../../src/kernel/index.ts";
import { rateLimit } from "../../../src/resilience/index.ts";
import type { Figure } from "../../figure.ts";

const limit = 100;
const windowMs = 60_000;

/** Clients that ask five times what they may, spread in every way, over the minute that begins with their first. */
export async function* limits(schedules = 2_000): AsyncGenerator<Figure> {
  let worst = 0;
  for (let seed = 1; seed <= schedules; seed++) worst = Math.max(worst, Math.abs(admitted(seed) - limit));
  yield {
    name: "rate limit: admitted in a minute, distance from the limit",
    value: worst,
    unit: "",
    peers: { "fixed window, two bursts at its edge": limit },
  };
}

function admitted(seed: number): number {
  const clock = manualClock();
  const random = seededRandom(seed);
  const one = rateLimit({ limit, windowMs }, clock);
  // The window of the clock is not the window of the client.
  clock.advance(random.next() * 500_000);
  const startMs = clock.now();
  // From all at once to evenly spread, and everything between.
  const bursts = 1 + random.below(40);
  let count = 0;
  for (let burst = 0; burst < bursts; burst++) {
    for (let i = 0; i < Math.ceil((5 * limit) / bursts); i++) if (one.check("client").allowed) count++;
    const leftMs = startMs + windowMs - clock.now();
    clock.advance((leftMs / (bursts - burst)) * 0.98);
  }
  return count;
}
