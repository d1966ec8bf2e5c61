/**
 * The fault lab: what the policies do when things go wrong, beside plain round robin. In virtual time the policies
 * themselves, over many seeds; then the same with real processes. `npm run bench -- fault-lab [virtual|real]`.
 */
import type { Figure } from "../figure.ts";
import { dribbled, killed, limited, reloaded, slowed } from "./real/scenarios.ts";
import { chaos } from "./virtual/chaos.ts";
import { limits } from "./virtual/limits.ts";
import { oneBad } from "./virtual/one-bad.ts";
import { outage } from "./virtual/outage.ts";
import { overload } from "./virtual/overload.ts";

const virtual = [oneBad, outage, overload, limits, chaos];
const real = [killed, slowed, reloaded, dribbled, limited];

export async function* figures(args: readonly string[]): AsyncGenerator<Figure> {
  if (!args.includes("real")) for (const scenario of virtual) yield* scenario();
  if (!args.includes("virtual")) for (const scenario of real) yield* scenario();
}
