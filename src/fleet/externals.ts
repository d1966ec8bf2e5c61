import { type Clock, formatDuration, TuskerError } from "../kernel/index.ts";
import type { EventHub } from "./events.ts";
import type { FleetSettings } from "./file/settings.ts";
import { reachable } from "./supervise/probe.ts";

/**
 * Things services need that we do not run. One with an address is waited for; one without is assumed to be there,
 * and that is said.
 *
 * @returns by name, a promise that resolves when dependants may start
 */
export function watchExternals(
  settings: FleetSettings,
  clock: Clock,
  events: EventHub,
  signal: AbortSignal,
): ReadonlyMap<string, Promise<void>> {
  const waits = new Map<string, Promise<void>>();
  for (const [name, neededBy] of dependants(settings)) {
    const external = settings.externals[name];
    if (external === undefined) {
      events.emit({ type: "assumed", external: name, neededBy });
      waits.set(name, Promise.resolve());
    } else {
      waits.set(
        name,
        external.check === "none" ? Promise.resolve() : waitFor(name, external, clock, events, signal),
      );
    }
  }
  return waits;
}

function dependants(settings: FleetSettings): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const service of settings.services) {
    for (const name of service.needsExternals) found.set(name, [...(found.get(name) ?? []), service.name]);
  }
  return found;
}

async function waitFor(
  name: string,
  external: { readonly address: string; readonly wait: number },
  clock: Clock,
  events: EventHub,
  signal: AbortSignal,
): Promise<void> {
  const { address, wait } = external;
  const at = address.lastIndexOf(":");
  const [host, port] = [address.slice(0, at), Number(address.slice(at + 1))];
  const until = clock.now() + wait;
  let told = false;
  while (!(await reachable(host, port, { clock, signal }))) {
    if (!told) events.emit({ type: "external", external: name, address, reachable: false });
    told = true;
    if (clock.now() >= until) {
      throw new TuskerError(
        "FLEET_NOT_READY",
        `${name} does not answer at ${address} after ${formatDuration(wait)}; start it, or correct externals.${name}.address`,
      );
    }
    await clock.sleep(250, signal);
  }
  events.emit({ type: "external", external: name, address, reachable: true });
}
