import { tryDuration } from "../../../kernel/index.ts";
import type { OutsideProblem } from "../../../tsk/index.ts";
import { problem } from "../problems.ts";
import { field, mapOf } from "./fields.ts";

/** A route and its place. */
export interface PlacedRoute {
  readonly path: string;
  readonly route: unknown;
  readonly at: readonly PropertyKey[];
}

/** Every route, one by one, whether its path has one or a list. */
export function routesOf(value: Readonly<Record<string, unknown>>): readonly PlacedRoute[] {
  const routes = mapOf(value.routes);
  const found: PlacedRoute[] = [];
  for (const path of Object.keys(routes)) {
    const one = routes[path];
    if (!Array.isArray(one)) found.push({ path, route: one, at: ["routes", path] });
    else
      for (let index = 0; index < one.length; index++)
        found.push({ path, route: one[index], at: ["routes", path, index] });
  }
  return found;
}

/** What a route says against what the gateway says. */
export function contradictoryTimeouts(value: Readonly<Record<string, unknown>>): OutsideProblem[] {
  const whole = duration(field(value.gateway, "timeout")) ?? 30_000;
  const connect = duration(field(value.gateway, "connect_timeout")) ?? 0;
  const never = "is longer than the timeout of the gateway; it would never come to act";
  const found: OutsideProblem[] = [];
  if (connect > whole)
    found.push(problem("FLEET_INVALID", ["gateway", "connect_timeout"], `connect_timeout ${never}`));
  for (const { path, route, at } of routesOf(value)) {
    const one = duration(field(route, "try_timeout"));
    if (one === undefined || one <= whole || field(route, "timeout") !== undefined) continue;
    found.push(
      problem("FLEET_INVALID", [...at, "try_timeout"], `try_timeout of the route "${path}" ${never}`, {
        help: "give the route a longer timeout of its own, or a shorter try_timeout",
      }),
    );
  }
  return found;
}

function duration(text: unknown): number | undefined {
  return typeof text === "string" ? tryDuration(text) : undefined;
}
