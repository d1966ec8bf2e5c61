import type { Figure } from "../figure.ts";
import { each, forMs, httpLoad } from "../load/http-load.ts";
import { cpuMicrosOf } from "../load/process-cost.ts";
import { type Contestant, startAll } from "./contestants.ts";
import { lookupRequest, registerRequest } from "./requests.ts";

const instances = 10;
const rounds = 5;
const roundMs = 1_000;

/** Answers of ten instances that pass: what every client asks. */
export async function* lookups(): AsyncGenerator<Figure> {
  await using contestants = await startAll();
  const best = new Map(
    contestants.all.map((one) => [one, { perSecond: 0, cpuMicros: Number.POSITIVE_INFINITY }]),
  );
  for (const { port } of contestants.all)
    await httpLoad({
      port,
      connections: 1,
      next: each(Array.from({ length: instances }).keys(), (n) => registerRequest("web", `web-${n}`, n)),
    });
  for (let round = 0; round <= rounds; round++)
    for (const [one, sofar] of best) {
      const { perSecond, cpuMicros } = await lookUp(one);
      // The first round warms up.
      if (round === 0) continue;
      sofar.perSecond = Math.max(sofar.perSecond, perSecond);
      sofar.cpuMicros = Math.min(sofar.cpuMicros, cpuMicros);
    }
  const of = (key: "perSecond" | "cpuMicros", name: "ours" | "consul"): number =>
    [...best].find(([one]) => one.name === name)?.[1][key] ?? Number.NaN;
  const peers = (key: "perSecond" | "cpuMicros") =>
    contestants.all.length > 1 ? { consul: of(key, "consul") } : {};
  yield {
    name: "lookups of 10 instances",
    unit: "/s",
    value: of("perSecond", "ours"),
    peers: peers("perSecond"),
  };
  yield {
    name: "a lookup of 10 instances",
    unit: "µs CPU",
    value: of("cpuMicros", "ours"),
    peers: peers("cpuMicros"),
  };
}

async function lookUp({ port, pid }: Contestant) {
  const request = lookupRequest("web");
  const before = cpuMicrosOf(pid);
  const { answered, refused, perSecond } = await httpLoad({
    port,
    connections: 16,
    next: forMs(roundMs, () => request),
  });
  if (refused > 0) throw new Error(`${refused} lookups were refused`);
  return { perSecond, cpuMicros: (cpuMicrosOf(pid) - before) / answered };
}
