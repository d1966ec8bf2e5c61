import type { Kv, KvStep } from "../engine.ts";
import type { EngineOptions } from "../options.ts";
import { retrying } from "../retrying.ts";
import { digitsOf, valueBytes, withinSteps } from "../value.ts";
import type { Version } from "../version.ts";
import { type Compare, compareTarget, methods, type Operation } from "./etcd-messages.ts";
import { etcdWatch } from "./etcd-watch.ts";
import { type EtcdWire, entryOf, prefixRange, revisionOf } from "./etcd-wire.ts";

/** etcd takes requests up to 1.5 MiB. */
export const maxEtcdValueBytes = 1_000_000;

/** Operations of one transaction at most, unless an etcd is told otherwise. */
export const maxEtcdSteps = 128;

/** Keys of users live below this. */
const under = "tusker/kv/";

/** Keys in etcd; a version is the revision of the key's last change. */
export function etcdKv(wire: EtcdWire, options: EngineOptions): Kv {
  const txn = async (
    compare: readonly Compare[],
    success: readonly Operation[],
  ): Promise<Version | undefined> => {
    const answer = await wire.call(methods.txn, { compare, success });
    return answer.succeeded ? String(revisionOf(answer)) : undefined;
  };
  return {
    async get(key, signal) {
      const { kvs } = await wire.call(methods.range, { key: under + key }, signal);
      return kvs[0] === undefined ? undefined : entryOf(kvs[0], under);
    },
    async list(prefix, signal) {
      const answer = await wire.call(methods.range, prefixRange(under + prefix), signal);
      const entries = answer.kvs.map((row) => entryOf(row, under));
      return { entries, version: String(revisionOf(answer)) };
    },
    async put(key, value, condition) {
      return txn(comparing(key, condition?.ifVersion), [operationOf({ kind: "put", key, value })]);
    },
    async delete(key, condition) {
      const done = await txn(comparing(key, condition?.ifVersion), [operationOf({ kind: "delete", key })]);
      // What is not there is deleted already, whatever version it had.
      return done !== undefined || (condition?.ifVersion !== "absent" && (await this.get(key)) === undefined);
    },
    async txn(steps) {
      withinSteps(steps, maxEtcdSteps);
      const checks = steps.flatMap((step) =>
        step.kind === "check" ? comparing(step.key, step.version) : [],
      );
      const changes = steps.flatMap((step) => (step.kind === "check" ? [] : [operationOf(step)]));
      return (await txn(checks, changes)) !== undefined;
    },
    watch(prefix, { signal, since }) {
      const what = `the watch of keys below "${prefix}"`;
      return retrying(etcdWatch(wire, under, prefix, since), { ...options, what, signal });
    },
  };
}

function comparing(key: string, version: Version | "absent" | undefined): Compare[] {
  if (version === undefined) return [];
  const of = under + key;
  if (version === "absent") return [{ key: of, target: compareTarget.version, version: 0n }];
  return [{ key: of, target: compareTarget.mod, modRevision: BigInt(digitsOf(key, version)) }];
}

function operationOf(step: Exclude<KvStep, { kind: "check" }>): Operation {
  const key = under + step.key;
  if (step.kind === "delete") return { deleteRange: { key } };
  return { put: { key, value: valueBytes(step.key, step.value, maxEtcdValueBytes) } };
}
