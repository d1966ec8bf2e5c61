import type { Figure } from "./figure.ts";
import { lookups } from "./registry/lookups.ts";
import { names } from "./registry/names.ts";
import { registrations } from "./registry/registrations.ts";
import { restart } from "./registry/restart.ts";
import { streams } from "./registry/streams.ts";
import { wakes } from "./registry/wakes.ts";

const parts: Readonly<Record<string, () => AsyncIterable<Figure>>> = {
  lookups,
  registrations,
  restart,
  wakes,
  streams,
  names,
};

/**
 * The registry as a process, durable, beside Consul 1.8.7 in the same run where it is installed.
 *
 * @param args parts to measure; default: all
 */
export async function* figures(args: readonly string[]): AsyncGenerator<Figure> {
  const unknown = args.find((name) => parts[name] === undefined);
  if (unknown !== undefined)
    throw new Error(`no part "${unknown}"; there are ${Object.keys(parts).join(", ")}`);
  for (const [name, part] of Object.entries(parts))
    if (args.length === 0 || args.includes(name)) yield* part();
}
