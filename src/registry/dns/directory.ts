import type { Access } from "../acl/access.ts";
import type { ServiceRow } from "../state/model.ts";
import type { Store } from "../state/store.ts";
import type { NodeEntry, Tables } from "../state/tables.ts";
import { topics } from "../state/topics.ts";
import { octetsOf, toHex } from "./addresses.ts";
import { isName } from "./names.ts";

/** Where an instance or a node is. */
export type Place =
  | { readonly kind: "address"; readonly octets: Uint8Array; readonly hex: string }
  | { readonly kind: "name"; readonly name: string };

/** A place with its share of the traffic. */
export interface DnsPlace {
  readonly place: Place;
  readonly weight: number;
}

/** An instance that takes traffic. */
export interface DnsInstance extends DnsPlace {
  /** Name of its node when the instance has no address of its own, and that can be told in a name. */
  readonly node: string | undefined;
  readonly port: number;
}

/** The passing instances of a service. */
export interface DnsService {
  /** Each port of each place once. */
  readonly instances: readonly DnsInstance[];
  /** Each place once. */
  readonly places: readonly DnsPlace[];
}

/** What the zone reads: tables as names see them, in any case, kept per version so that a question costs no search. */
export interface Directory {
  /** Passing instances, of a tag when one is given; undefined when there are none. Both in lower case. */
  service(name: string, tag: string | undefined): DnsService | undefined;
  node(name: string): NodeEntry | undefined;
  /** Name of the node at an address, else of a service there. */
  at(hex: string): { readonly kind: "node" | "service"; readonly name: string } | undefined;
  /** Waits until what was read is safe to tell. */
  settled(): Promise<void> | undefined;
}

/** Services, with and without a tag, that are remembered; others are worked out anew at each question. */
const maxKept = 1_000;

/** The directory of a store, as far as who asks may see it. */
export function directory({ tables, version, log }: Store, access: Access): Directory {
  const kept = new Map<string, { readonly version: number; readonly service: DnsService | undefined }>();
  const current = <Value>(topic: string, build: () => Value): (() => Value) => {
    let at = 0;
    let value: Value | undefined;
    return () => {
      const now = version(topic);
      if (value === undefined || now !== at) value = build();
      at = now;
      return value;
    };
  };
  // Only what is not written in lower case must be looked for.
  const services = current(topics.services, () => byLowerCase(tables.listing().map(([name]) => name)));
  const nodes = current(topics.nodes, () => byLowerCase(tables.nodes().map(({ row }) => row.name)));
  const places = current(topics.catalog, () => placesOf(tables));

  const exactly = (name: string, tag: string | undefined): DnsService | undefined => {
    const key = tag === undefined ? name : `${name}\0${tag}`;
    const now = version(topics.health(name));
    const known = kept.get(key);
    if (known?.version === now) return known.service;
    const rows = access.can("service", name, "read")
      ? tables.instances(name).filter(({ node }) => access.can("node", node, "read"))
      : [];
    const service = serviceOf(tables, rows, tag);
    // A name nobody registered must not push out one that somebody did.
    if (rows.length > 0) kept.set(key, { version: now, service });
    for (const oldest of kept.keys()) {
      if (kept.size <= maxKept) break;
      kept.delete(oldest);
    }
    return service;
  };

  return {
    service(name, tag) {
      const found = exactly(name, tag);
      if (found !== undefined) return found;
      const cased = services().get(name);
      return cased === undefined ? undefined : exactly(cased, tag);
    },
    node(name) {
      const entry = tables.node(name) ?? tables.node(nodes().get(name) ?? "");
      return entry !== undefined && access.can("node", entry.row.name, "read") ? entry : undefined;
    },
    at(hex) {
      const there = places().get(hex);
      return there !== undefined && access.can(there.kind, there.name, "read") ? there : undefined;
    },
    settled: () => log.settled(log.last),
  };
}

function serviceOf(
  tables: Tables,
  rows: readonly ServiceRow[],
  tag: string | undefined,
): DnsService | undefined {
  const instances = new Map<string, DnsInstance>();
  const places = new Map<string, DnsPlace>();
  for (const row of rows) {
    // RFC 4343: names are compared in any case, and a tag is part of one here.
    if (tag !== undefined && !row.tags.some((own) => own.toLowerCase() === tag)) continue;
    if (tables.checksOver(row).some(({ status }) => status !== "passing")) continue;
    const place = placeOf(row.address || (tables.node(row.node)?.row.address ?? ""));
    if (place === undefined) continue;
    const node = row.address === "" && isName(row.node) ? row.node : undefined;
    const weight = Math.min(Math.max(row.weights.passing, 0), 65_535);
    const where = place.kind === "name" ? place.name : place.hex;
    instances.set(`${node ?? where}:${row.port}`, { place, node, port: row.port, weight });
    places.set(where, { place, weight: weight + (places.get(where)?.weight ?? 0) });
  }
  if (instances.size === 0) return undefined;
  return { instances: [...instances.values()], places: [...places.values()] };
}

function placesOf(tables: Tables): Map<string, ReturnType<Directory["at"]>> {
  const found = new Map<string, ReturnType<Directory["at"]>>();
  const note = (address: string, kind: "node" | "service", name: string): void => {
    const octets = octetsOf(address);
    if (octets !== undefined && isName(name)) found.set(toHex(octets), { kind, name });
  };
  for (const [name] of tables.listing()) {
    for (const row of tables.instances(name)) note(row.address, "service", name);
  }
  for (const { row } of tables.nodes()) note(row.address, "node", row.name);
  return found;
}

/** Where an address or a host name is; undefined for what no answer can hold. */
export function placeOf(address: string): Place | undefined {
  const octets = octetsOf(address);
  if (octets !== undefined) return { kind: "address", octets, hex: toHex(octets) };
  const name = address.replace(/\.$/, "");
  return isName(name) ? { kind: "name", name } : undefined;
}

function byLowerCase(names: readonly string[]): Map<string, string> {
  return new Map(
    names.filter((name) => name !== name.toLowerCase()).map((name) => [name.toLowerCase(), name]),
  );
}
