import { isIP } from "node:net";
import type { LocalCheck, LocalService } from "../agent.ts";
import {
  type CheckBody,
  type CheckRules,
  checkAliases,
  checkFields,
  isEmptyCheck,
  statusOf,
  toLocalCheck,
} from "./check-body.ts";
import { anything, type Fields, fields, flag, list, onlyOne, record, text, whole } from "./decode.ts";
import { refusal } from "./refusal.ts";

/** An instance as written in a body. */
export interface ServiceBody {
  Kind: string;
  ID: string;
  Name: string;
  Tags: string[];
  Address: string;
  TaggedAddresses: Record<string, Partial<AddressBody>>;
  Meta: Record<string, string>;
  Port: number;
  Ports: Partial<PortBody>[];
  Weights: Partial<{ Passing: number; Warning: number }>;
  EnableTagOverride: boolean;
  Check: Partial<CheckBody>;
  Checks: Partial<CheckBody>[];
  Connect: unknown;
  Proxy: unknown;
  Token: string;
  Namespace: string;
  Partition: string;
  Locality: unknown;
}

/** Of newer releases: an instance that listens on several. */
interface PortBody {
  Name: string;
  Port: number;
  Default: boolean;
}

interface AddressBody {
  Address: string;
  Port: number;
}

/** A check beside its instance; which one that is may be said, and is known. */
const check = fields<CheckBody & { ServiceID: string }>(
  { ...checkFields, ServiceID: text },
  { ...checkAliases, service_id: "ServiceID" },
);

const serviceFields: Fields<ServiceBody> = {
  Kind: text,
  ID: text,
  Name: text,
  Tags: list(text),
  Address: text,
  TaggedAddresses: record(fields<AddressBody>({ Address: text, Port: whole })),
  Meta: record(text),
  Port: whole,
  Ports: list(fields<PortBody>({ Name: text, Port: whole, Default: flag })),
  Weights: fields<{ Passing: number; Warning: number }>({ Passing: whole, Warning: whole }),
  EnableTagOverride: flag,
  Check: check,
  Checks: list(check),
  Connect: anything,
  Proxy: anything,
  Token: text,
  Namespace: onlyOne,
  Partition: onlyOne,
  Locality: anything,
};

/** Reads the body of a registration. */
export const readServiceBody = fields<ServiceBody>(serviceFields, {
  enable_tag_override: "EnableTagOverride",
  tagged_addresses: "TaggedAddresses",
});

const anyAddress = new Set(["0.0.0.0", "::", "[::]"]);

/**
 * The instance and checks a body asks for.
 *
 * @throws TuskerError REGISTRY_INVALID, 400 (a script check: 500)
 */
export function toLocalService(
  body: Partial<ServiceBody>,
  rules: CheckRules,
): { service: LocalService; checks: LocalCheck[] } {
  const { Name = "", Address = "", Ports = [], Meta, Weights } = body;
  const { Port = (Ports.find((one) => one.Default) ?? Ports[0])?.Port ?? 0 } = body;
  if (Name === "") throw refusal(400, "Missing service name");
  // Everybody's address is nobody's: clients could not connect to it.
  if (anyAddress.has(Address)) throw refusal(400, "Invalid service address");
  if (body.Kind !== undefined && body.Kind !== "") {
    throw refusal(400, `Invalid service kind "${body.Kind}": proxies are not supported here`);
  }
  if (Port < 0 || Port > 65_535) throw refusal(400, `Invalid service port ${Port}`);
  if (Meta !== undefined) checkMeta(Meta, "Invalid Service Meta");
  const service: LocalService = {
    id: body.ID || Name,
    name: Name,
    tags: body.Tags ?? [],
    address: Address,
    port: Port,
    meta: Meta,
    weights: weightsOf(Weights),
    enableTagOverride: body.EnableTagOverride ?? false,
    taggedAddresses: taggedAddresses(Address, Port, body.TaggedAddresses ?? {}),
  };
  return { service, checks: checksOf(body, rules) };
}

function checksOf(body: Partial<ServiceBody>, rules: CheckRules): LocalCheck[] {
  const one = body.Check === undefined || isEmptyCheck(body.Check) ? [] : [body.Check];
  return [...one, ...(body.Checks ?? [])].map((written) => {
    const { Status = "" } = written;
    if (Status !== "" && statusOf(Status) === undefined) {
      throw refusal(400, "Status for checks must 'passing', 'warning', 'critical'");
    }
    return toLocalCheck(written, rules);
  });
}

function weightsOf(written: ServiceBody["Weights"] | undefined): LocalService["weights"] {
  if (written === undefined) return { passing: 1, warning: 1 };
  const { Passing = 0, Warning = 0 } = written;
  if (Passing < 1) throw refusal(400, "Invalid Weights: Passing must be greater than 0");
  if (Warning < 0) throw refusal(400, "Invalid Weights: Warning must be greater or equal than 0");
  if (Passing > 65_535 || Warning > 65_535) {
    throw refusal(400, "Invalid Weights: DNS Weight must be between 0 and 65535");
  }
  return { passing: Passing, warning: Warning };
}

/** @throws TuskerError REGISTRY_INVALID with `status` */
export function checkMeta(meta: Readonly<Record<string, string>>, what: string, status: number = 400): void {
  const entries = Object.entries(meta);
  const bad = (pair: [string, string], why: string): Error =>
    refusal(status, `${what}: Couldn't load metadata pair ('${pair[0]}', '${pair[1]}'): ${why}`);
  if (entries.length > 64) {
    throw refusal(status, `${what}: Node metadata cannot contain more than 64 key/value pairs`);
  }
  for (const pair of entries) {
    const [key, value] = pair;
    if (key === "") throw bad(pair, "Key cannot be blank");
    if (!/^[a-zA-Z0-9_-]+$/.test(key)) throw bad(pair, "Key contains invalid characters");
    if (key.length > 128) throw bad(pair, "Key is too long (limit: 128 characters)");
    if (key.startsWith("consul-")) throw bad(pair, "Key prefix 'consul-' is reserved for internal use");
    if (value.length > 512) throw bad(pair, "Value is too long (limit: 512 characters)");
  }
}

/** An address that is an IP is offered under the names newer clients look for. */
function taggedAddresses(
  address: string,
  port: number,
  written: Readonly<Record<string, Partial<AddressBody>>>,
): LocalService["taggedAddresses"] {
  const family = isIP(address);
  const derived =
    family === 0 ? [] : [`lan_ipv${family}`, `wan_ipv${family}`].map((name) => [name, { address, port }]);
  const own = Object.entries(written).map(([name, at]) => [
    name,
    { address: at.Address ?? "", port: at.Port ?? 0 },
  ]);
  const all = [...derived, ...own];
  return all.length === 0 ? undefined : Object.fromEntries(all);
}
