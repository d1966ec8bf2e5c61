import type { Kv, KvStep } from "../engine.ts";
import type { EngineOptions } from "../options.ts";
import { retrying } from "../retrying.ts";
import { encodeValue } from "../value.ts";
import type { Version } from "../version.ts";
import { etcdWatch } from "./etcd-watch.ts";
import { type EtcdWire, keyRange, prefixRange, revisionOf, rowsOf, toBase64 } from "./etcd-wire.ts";

/** etcd takes requests up to 1.5 MiB. */
export const maxEtcdValueBytes = 1_000_000;

/** Keys of users live below this. */
const under = "tusker/kv/";

/** Keys in etcd; a version is the revision of the key's last change. */
export function etcdKv(wire: EtcdWire, options: EngineOptions): Kv {
  const txn = async (
    compare: readonly object[],
    success: readonly object[],
  ): Promise<Version | undefined> => {
    const answer = await wire.call("kv/txn", { compare, success });
    return answer.succeeded === true ? revisionOf(answer) : undefined;
  };
  return {
    async get(key, signal) {
      const answer = await wire.call("kv/range", keyRange(under + key), signal);
      return rowsOf(answer.kvs, under)[0];
    },
    async list(prefix, signal) {
      const answer = await wire.call("kv/range", prefixRange(under + prefix), signal);
      return { entries: rowsOf(answer.kvs, under), version: revisionOf(answer) };
    },
    async put(key, value, condition) {
      return txn(comparing(key, condition?.ifVersion), [requestOf({ kind: "put", key, value })]);
    },
    async delete(key, condition) {
      const done = await txn(comparing(key, condition?.ifVersion), [requestOf({ kind: "delete", key })]);
      // What is not there is deleted already, whatever version it had.
      return done !== undefined || (condition?.ifVersion !== "absent" && (await this.get(key)) === undefined);
    },
    async txn(steps) {
      const checks = steps.flatMap((step) =>
        step.kind === "check" ? comparing(step.key, step.version) : [],
      );
      const changes = steps.flatMap((step) => (step.kind === "check" ? [] : [requestOf(step)]));
      return (await txn(checks, changes)) !== undefined;
    },
    watch(prefix, { signal, since }) {
      const what = `the watch of keys below "${prefix}"`;
      const reopenMs = options.updateIntervalMs ?? 30_000;
      const open = etcdWatch(under, prefix, since, { wire, clock: options.clock, reopenMs });
      return retrying(open, { ...options, what, signal });
    },
  };
}

function comparing(key: string, version: Version | "absent" | undefined): object[] {
  if (version === undefined) return [];
  const of = { key: toBase64(under + key), result: "EQUAL" };
  if (version === "absent") return [{ ...of, target: "VERSION", version: "0" }];
  return [{ ...of, target: "MOD", mod_revision: version }];
}

function requestOf(step: Exclude<KvStep, { kind: "check" }>): object {
  const key = toBase64(under + step.key);
  if (step.kind === "delete") return { request_delete_range: { key } };
  return { request_put: { key, value: encodeValue(step.key, step.value, maxEtcdValueBytes) } };
}
