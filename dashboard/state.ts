import type { InstanceView, ServiceView } from "../src/control/api.ts";

/** How anything on the page stands. */
export type State = InstanceView["state"] | "elsewhere" | "assumed" | "reachable" | "unreachable";

/** The state of a service is that of its worst process. */
export function serviceState(service: ServiceView): State {
  if (!service.supervised) return "elsewhere";
  return worst.find((state) => service.instances.some((one) => one.state === state)) ?? "ready";
}

/** The word of a state: one that ends again and again is worse than one that ended. */
export function wordOf(state: State, instances: readonly InstanceView[]): string {
  return instances.some((one) => one.crashLoop) ? "crash loop" : state;
}

const worst: readonly InstanceView["state"][] = ["restarting", "stopping", "starting", "waiting", "stopped"];
