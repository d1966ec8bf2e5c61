import { isDeepStrictEqual } from "node:util";
import type { Check, Node, Service } from "./model.ts";

const nodeFields = ["id", "address", "taggedAddresses", "meta"] as const;
const serviceFields = [
  "name",
  "tags",
  "address",
  "port",
  "meta",
  "weights",
  "enableTagOverride",
  "taggedAddresses",
  "bound",
] as const;
/** Without `output`: what a check says is no change. */
const checkFields = [
  "name",
  "status",
  "notes",
  "serviceId",
  "serviceName",
  "serviceTags",
  "type",
  "definition",
  "spec",
] as const;

/** True when registering `b` over `a` changes nothing. */
export function sameNode(a: Node, b: Node): boolean {
  return nodeFields.every((field) => isDeepStrictEqual(a[field], b[field]));
}

/** True when registering `b` over `a` changes nothing. */
export function sameService(a: Service, b: Service): boolean {
  return serviceFields.every((field) => isDeepStrictEqual(a[field], b[field]));
}

/** True when `b` over `a` changes nothing but, perhaps, the output. */
export function sameCheck(a: Check, b: Check): boolean {
  return checkFields.every((field) => isDeepStrictEqual(a[field], b[field]));
}
