import { EventEmitter, on } from "node:events";
import { fail, serve } from "tusker/rpc";
import { type Reading, Sensors } from "./contracts.ts";

/** The last readings of each sensor; what is older is forgotten. */
const kept = 100;
const known = new Map<string, Reading[]>();
const news = new EventEmitter<{ reading: [Reading] }>().setMaxListeners(0);

await serve(Sensors, {
  latest: ({ sensor }) => {
    const reading = known.get(sensor)?.at(-1);
    if (reading === undefined) throw fail(Sensors.latest, "NOT_FOUND", `nothing is known of ${sensor}`);
    return reading;
  },

  async record(readings) {
    let [count, highest] = [0, Number.NEGATIVE_INFINITY];
    for await (const reading of readings) {
      known.set(reading.sensor, [...(known.get(reading.sensor) ?? []), reading].slice(-kept));
      news.emit("reading", reading);
      count++;
      highest = Math.max(highest, reading.celsius);
    }
    return { count, highest };
  },

  async *follow({ sensor }, ctx) {
    // Before the first answer: what comes meanwhile waits here.
    const coming = on(news, "reading", { signal: ctx.signal });
    yield* known.get(sensor) ?? [];
    for await (const [reading] of coming) if (reading.sensor === sensor) yield reading;
  },

  async *toFahrenheit(readings, ctx) {
    let count = 0;
    for await (const { sensor, celsius } of readings) {
      count++;
      yield { sensor, fahrenheit: celsius * 1.8 + 32 };
    }
    ctx.setTrailer("x-count", String(count));
  },
});
