import type { Random } from "../../kernel/index.ts";
import { fromHex, isReverse, reversedOf } from "./addresses.ts";
import { type Directory, type DnsInstance, type Place, placeOf } from "./directory.ts";
import type { DnsQuery, DnsReply } from "./message.ts";
import { isName } from "./names.ts";
import { type DnsRecord, rcodes, types } from "./records.ts";
import { weighted } from "./weighted.ts";

/** What the answers depend on besides the directory. */
export interface ZoneOptions {
  readonly directory: Directory;
  readonly random: Random;
  /** Seconds since the epoch, for the serial. */
  readonly seconds: () => number;
  readonly datacenter: string;
  /** Name and address of the registry's own node. */
  readonly node: string;
  readonly address: string;
}

/** Names of the domain: ours, and the one that clients made for this wire ask. Each is answered in its own words. */
export const domains: readonly string[] = ["tusker", "consul"];

/** What a zone says to a question, `most` records of an answer at most: more would not fit. */
export type Zone = (query: DnsQuery, most: number) => DnsReply;

const classIn = 1;
const classAny = 255;

/**
 * Answers from the catalog:
 *
 * - `[tag.]<service>.service[.<dc>].<domain>` and `_<service>._<tag|tcp|udp>.service…` (RFC 2782): its passing instances
 * - `<node>.node[.<dc>].<domain>`: a node; `<hex>.addr[.<dc>].<domain>`: the address itself
 * - names below in-addr.arpa and ip6.arpa: which node, else which service, is there
 */
export function zone(options: ZoneOptions): Zone {
  return (query, most) => {
    if (query.edns !== undefined && query.edns.version > 0) return outcome(rcodes.badVersion);
    if (query.class !== classIn && query.class !== classAny) return outcome(rcodes.refused);
    const { labels } = query;
    if (isReverse(labels)) return reverse(options, query);
    const domain = labels.at(-1)?.toLowerCase() ?? "";
    if (!domains.includes(domain)) return outcome(rcodes.refused);
    const asked = { ...options, query, domain, most };
    return within(
      asked,
      labels.slice(0, -1).map((label) => label.toLowerCase()),
    );
  };
}

interface Asked extends ZoneOptions {
  readonly query: DnsQuery;
  readonly domain: string;
  readonly most: number;
}

function within(asked: Asked, labels: readonly string[]): DnsReply {
  if (labels.length === 0) return apex(asked);
  const foreign = kinds.has(labels.at(-1) ?? "") ? undefined : labels.at(-1);
  if (foreign !== undefined && foreign !== asked.datacenter.toLowerCase()) return absent(asked);
  const rest = foreign === undefined ? labels : labels.slice(0, -1);
  const path = rest.slice(0, -1);
  if (path.length === 0) return absent(asked);
  switch (rest.at(-1)) {
    case "service":
      return service(asked, path);
    case "node":
      return node(asked, path.join("."));
    case "addr":
      return address(asked, path);
    default:
      return absent(asked);
  }
}

const kinds = new Set(["service", "node", "addr"]);

/** The domain itself. */
function apex(asked: Asked): DnsReply {
  const { query } = asked;
  const server = serverOf(asked);
  const additional = addressRecords(server, placeOf(asked.address));
  const ns: DnsRecord = { name: asked.domain, type: "NS", target: server };
  if (query.type === types.NS) return { ...found([ns]), additional };
  if (query.type === types.SOA || query.type === types.ANY) {
    return { ...found([soa(asked)]), authority: [ns], additional };
  }
  return nothing(asked);
}

function service(asked: Asked, path: readonly string[]): DnsReply {
  const { name, tag } = nameAndTag(path);
  const known = asked.directory.service(name, tag);
  if (known === undefined) return absent(asked);
  const { type } = asked.query;
  if (type === types.SRV) return srv(asked, weighted(known.instances, asked.most, asked.random));
  const records = known.places.flatMap(({ place, weight }) =>
    placeRecord("", place, type).map((record) => ({ record, weight })),
  );
  const addresses = records.filter(({ record }) => record.type !== "CNAME");
  // RFC 1034 §3.6.2: an alias stands alone.
  const [most, chosen] = addresses.length > 0 ? [asked.most, addresses] : [1, records];
  return orNothing(
    asked,
    weighted(chosen, most, asked.random).map(({ record }) => record),
  );
}

function nameAndTag(path: readonly string[]): { readonly name: string; readonly tag: string | undefined } {
  const [first = "", second = ""] = path;
  if (path.length === 2 && first.startsWith("_") && second.startsWith("_")) {
    const tag = second.slice(1);
    // Any instance listens on the protocol its port is of: nobody registers which.
    return { name: first.slice(1), tag: tag === "tcp" || tag === "udp" ? undefined : tag };
  }
  const tag = path.slice(0, -1).join(".");
  return { name: path.at(-1) ?? "", tag: tag === "" ? undefined : tag };
}

function srv(asked: Asked, instances: readonly DnsInstance[]): DnsReply {
  const answers: DnsRecord[] = [];
  const additional: DnsRecord[] = [];
  for (const { place, node: name, port, weight } of instances) {
    const target = targetOf(asked, place, name);
    answers.push({ name: "", type: "SRV", weight, port, target });
    // Once for each, also where several ports share an address: HAProxy gives a record to one server slot alone.
    additional.push(...addressRecords(target, place));
  }
  return { ...found(answers), additional };
}

/** A name for where an instance is, below our own domain when it has none. */
function targetOf({ datacenter, domain }: Asked, place: Place, node: string | undefined): string {
  if (place.kind === "name") return place.name;
  return node === undefined
    ? `${place.hex}.addr.${datacenter}.${domain}`
    : `${node}.node.${datacenter}.${domain}`;
}

function node(asked: Asked, name: string): DnsReply {
  const row = asked.directory.node(name)?.row;
  if (row === undefined) return absent(asked);
  const { type } = asked.query;
  const meta = Object.entries(row.meta ?? {});
  const texts: DnsRecord[] = meta.map(([key, value]) => {
    // RFC 1464, and how clients of this wire write a value that stands alone.
    return { name: "", type: "TXT", text: key.startsWith("rfc1035-") ? value : `${key}=${value}` };
  });
  if (type === types.TXT) return orNothing(asked, texts);
  const place = placeRecord("", placeOf(row.address), type);
  return orNothing(asked, type === types.ANY ? [...place, ...texts] : place);
}

/** The name that we made of an address. */
function address(asked: Asked, path: readonly string[]): DnsReply {
  const octets = path.length === 1 ? fromHex(path[0] ?? "") : undefined;
  if (octets === undefined) return absent(asked);
  return orNothing(asked, placeRecord("", { kind: "address", octets, hex: path[0] ?? "" }, asked.query.type));
}

/** Not our zone: what is not known here may be known elsewhere, so its absence is not ours to tell. */
function reverse(options: ZoneOptions, { labels, type }: DnsQuery): DnsReply {
  const hex = reversedOf(labels);
  const there = hex === undefined ? undefined : options.directory.at(hex);
  if (there === undefined) return outcome(rcodes.refused);
  if (type !== types.PTR && type !== types.ANY) return { ...outcome(rcodes.noError), authoritative: true };
  const [domain = ""] = domains;
  const target = `${there.name}.${there.kind}.${options.datacenter}.${domain}`;
  return found([{ name: "", type: "PTR", target }]);
}

/** The records of a place that a question of a type wants. */
function placeRecord(name: string, place: Place | undefined, type: number): DnsRecord[] {
  if (place === undefined) return [];
  const wanted = type === types.A || type === types.AAAA || type === types.CNAME || type === types.ANY;
  // RFC 1034 §3.6.2: an alias answers whatever address is asked for.
  if (place.kind === "name") return wanted ? [{ name, type: "CNAME", target: place.name }] : [];
  const own = place.octets.length === 4 ? "A" : "AAAA";
  return type === types[own] || type === types.ANY ? [{ name, type: own, address: place.octets }] : [];
}

function addressRecords(name: string, place: Place | undefined): DnsRecord[] {
  return place?.kind === "address" ? placeRecord(name, place, types.ANY) : [];
}

function serverOf({ node: name, datacenter, domain, address: at }: Asked): string {
  if (isName(name)) return `${name}.node.${datacenter}.${domain}`;
  const place = placeOf(at);
  return place?.kind === "address" ? `${place.hex}.addr.${datacenter}.${domain}` : `ns.${domain}`;
}

function soa({ domain, seconds }: Asked): DnsRecord {
  return {
    name: domain,
    type: "SOA",
    server: `ns.${domain}`,
    mailbox: `hostmaster.${domain}`,
    serial: seconds(),
  };
}

function found(answers: readonly DnsRecord[]): DnsReply {
  return { ...outcome(rcodes.noError), authoritative: true, answers };
}

function orNothing(asked: Asked, answers: readonly DnsRecord[]): DnsReply {
  return answers.length === 0 ? nothing(asked) : found(answers);
}

/** The name is there, but nothing of the type (RFC 2308 §2.2). */
function nothing(asked: Asked): DnsReply {
  return { ...outcome(rcodes.noError), authoritative: true, authority: [soa(asked)] };
}

/** There is no such name (RFC 2308 §2.1). */
function absent(asked: Asked): DnsReply {
  return { ...nothing(asked), rcode: rcodes.noSuchName };
}

function outcome(rcode: number): DnsReply {
  return { rcode, authoritative: false, answers: [], authority: [], additional: [] };
}
