import { tryServiceUrl } from "../../../kernel/index.ts";
import { didYouMean, type OutsideProblem } from "../../../tsk/index.ts";
import { pathText, problem } from "../problems.ts";
import { field, isMap, mapOf, type Services } from "./fields.ts";
import type { PlacedRoute } from "./routes.ts";

/** A place at which a service is named that there is not. */
interface Mention {
  readonly name: string;
  readonly path: readonly PropertyKey[];
  /** "the route "/x" leads to", "order-service depends on" */
  readonly who: string;
}

/** Who may be named, and who names them. */
export interface Named {
  readonly services: Services;
  readonly routes: readonly PlacedRoute[];
  /** False when some of the file could not be read: there may be more services. */
  readonly isWhole: boolean;
}

/**
 * Services that are named and not there. A name is told once, with all other places that name it: to write the service,
 * or to repair its name, is one repair.
 */
export function unknownServices(
  value: Readonly<Record<string, unknown>>,
  { services, routes, isWhole }: Named,
): OutsideProblem[] {
  const mentions = [
    ...inDependencies(value, services),
    ...inRoutes(value, services, routes),
    ...inAddresses(value, services),
  ];
  const byName = new Map<string, Mention[]>();
  for (const one of mentions) {
    const known = byName.get(one.name);
    if (known === undefined) byName.set(one.name, [one]);
    else known.push(one);
  }
  return [...byName.values()].flatMap(([first, ...others]) =>
    first === undefined ? [] : [unknownService(first, others, { services, isWhole })],
  );
}

function unknownService(
  { name, path, who }: Mention,
  others: readonly Mention[],
  { services, isWhole }: Pick<Named, "services" | "isWhole">,
): OutsideProblem {
  const lacking =
    path[0] === "services"
      ? "which neither [services] nor [externals] has"
      : "which [services] does not have";
  const names = Object.keys(services);
  const near = didYouMean(name, names);
  const help = near === undefined ? listed(names, isWhole) : `did you mean "${near}"?`;
  return problem("FLEET_UNKNOWN_SERVICE", path, `${who} "${name}", ${lacking}`, {
    ...(help === undefined ? {} : { help }),
    also: others.map((one) => ({ path: one.path, message: `${one.who} it too` })),
  });
}

/** Says which services there are; undefined when none could be read. */
function listed(names: readonly string[], isWhole: boolean): string | undefined {
  if (names.length === 0) return isWhole ? "this fleet has no services" : undefined;
  const all = names.length > 20 ? `${names.slice(0, 20).join(", ")}, …` : names.join(", ");
  return `services ${isWhole ? "of this fleet" : "that can be read"}: ${all}`;
}

function inRoutes(
  value: Readonly<Record<string, unknown>>,
  services: Services,
  routes: readonly PlacedRoute[],
): readonly Mention[] {
  // Fixed addresses make a service of their own: nobody else need know it.
  const upstreams = mapOf(field(value.gateway, "upstreams"));
  const isKnown = (name: string): boolean =>
    Object.hasOwn(services, name) ||
    (Object.hasOwn(upstreams, name) && field(upstreams[name], "endpoints") !== undefined);
  const found: Mention[] = [];
  for (const route of routes) collectMentions(route, isKnown, found);
  for (const name of Object.keys(upstreams))
    if (!isKnown(name)) found.push({ name, path: ["gateway", "upstreams", name], who: "upstreams leads to" });
  return found;
}

/** Every service a route names, and where. */
function collectMentions(
  { path, route, at }: PlacedRoute,
  isKnown: (name: string) => boolean,
  found: Mention[],
): void {
  const look = (name: unknown, ...key: readonly PropertyKey[]): void => {
    // That a name is empty is told by its section.
    if (typeof name === "string" && name !== "" && !isKnown(name))
      found.push({ name, path: [...at, ...key], who: `the route "${path}" leads to` });
  };
  look(field(route, "service"), "service");
  look(field(route, "fallback_service"), "fallback_service");
  look(field(field(route, "mirror"), "service"), "mirror", "service");
  const shares = field(route, "services");
  if (Array.isArray(shares))
    for (const [index, share] of shares.entries())
      look(field(share, "service"), "services", index, "service");
  const split = Array.isArray(shares) ? {} : mapOf(shares);
  // What has no share is told as such.
  for (const name of Object.keys(split)) if (!isMap(split[name])) look(name, "services", name);
}

/** Addresses that name a service, `service://name`; what `@service` names is there. */
function inAddresses(value: Readonly<Record<string, unknown>>, services: Services): readonly Mention[] {
  const written: [address: unknown, path: readonly PropertyKey[]][] = [
    [field(field(value.gateway, "jwt"), "jwks_url"), ["gateway", "jwt", "jwks_url"]],
  ];
  for (const key of ["otlp_endpoint", "zipkin_endpoint", "jaeger_endpoint"])
    written.push([field(value.tracing, key), ["tracing", key]]);
  for (const [name, upstream] of Object.entries(mapOf(field(value.gateway, "upstreams")))) {
    const endpoints = field(upstream, "endpoints");
    if (!Array.isArray(endpoints)) continue;
    for (const [index, one] of endpoints.entries())
      written.push([one, ["gateway", "upstreams", name, "endpoints", index]]);
  }
  return written.flatMap(([address, path]) => {
    const name = typeof address === "string" ? tryServiceUrl(address)?.target.name : undefined;
    if (name === undefined || Object.hasOwn(services, name)) return [];
    return [{ name, path, who: `${pathText(path)} leads to` }];
  });
}

function inDependencies(value: Readonly<Record<string, unknown>>, services: Services): readonly Mention[] {
  const externals = mapOf(value.externals);
  const names = Object.keys(services);
  const suspicious = new Map<string, boolean>();
  const found: Mention[] = [];
  for (const service of names) {
    const list = field(services[service], "dependencies");
    if (!Array.isArray(list)) continue;
    for (let index = 0; index < list.length; index++) {
      const name: unknown = list[index];
      if (typeof name !== "string" || Object.hasOwn(services, name) || Object.hasOwn(externals, name))
        continue;
      // Not everything a service needs is ours to start; but a name that is nearly one of ours is a slip.
      const slip =
        suspicious.get(name) ?? (name.endsWith("-service") || didYouMean(name, names) !== undefined);
      suspicious.set(name, slip);
      const path = ["services", service, "dependencies", index];
      if (slip) found.push({ name, path, who: `${service} depends on` });
    }
  }
  return found;
}
