import { type Registered, toEndpoints } from "../../answer.ts";
import { isFields, malformed, parseJson, textOf } from "../../json.ts";
import type { InstanceStatus } from "../../registrar.ts";
import type { Source } from "../../source.ts";
import type { LeasedInstance } from "../engine.ts";
import { etcdWatch } from "./etcd-watch.ts";
import type { EtcdWire } from "./etcd-wire.ts";

/** Instances are keys below this: service, then id. */
const folder = "tusker/services/";

/** Where an instance is written down. A service's name may hold slashes, its folder none. */
export function instanceKey(service: string, id: string): string {
  return `${folder}${encodeURIComponent(service)}/${id}`;
}

/** What is written down of an instance. */
export function instanceValue(instance: LeasedInstance, status: InstanceStatus, note: string): string {
  const { id, host, port, meta = {}, tags = [], weight = 1 } = instance;
  return JSON.stringify({ id, host, port, meta, tags, weight, status, note });
}

/** Learns from a watch of the service's keys; goes on from the revision it had. */
export function etcdSource(service: string, wire: EtcdWire): Source {
  const rows = new Map<string, Registered>();
  const open = etcdWatch(wire, instanceKey(service, ""), "");
  return {
    async run(hear, signal) {
      for await (const { snapshot, put, gone } of open(signal)) {
        if (snapshot) rows.clear();
        for (const { key, value } of put) {
          const row = passing(value);
          if (row === undefined) rows.delete(key);
          else rows.set(key, row);
        }
        for (const key of gone) rows.delete(key);
        // A quorum stands behind every answer: what is not in it is not there.
        hear.trust();
        hear.tell(toEndpoints(service, [...rows.values()]));
      }
    },
  };
}

/** @throws TuskerError DISCOVERY_PROTOCOL */
function passing(value: Uint8Array): Registered | undefined {
  const row = parseJson(Buffer.from(value).toString());
  if (!isFields(row)) throw malformed("an instance is no object");
  if (row.status !== "passing") return undefined;
  const { port, meta, tags, weight } = row;
  return { id: textOf(row.id), node: "", host: textOf(row.host), port, meta, tags, weight };
}
