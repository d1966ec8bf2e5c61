import { wireUrl } from "../../http.ts";
import { malformed, parseJson } from "../../json.ts";
import type { Kv, KvList, KvStep } from "../engine.ts";
import type { EngineOptions } from "../options.ts";
import { retrying } from "../retrying.ts";
import { digitsOf, encodeValue, withinSteps } from "../value.ts";
import type { Version } from "../version.ts";
import { entriesOf, entryOf, keyPath, onlyRaced, send, transact } from "./consul-wire.ts";
import { kvQuestions, kvStream } from "./kv-watch.ts";

/** A value and its key travel as base64 in a transaction, which may weigh 512 KiB: only so does its version come back. */
export const maxConsulValueBytes = 384_000;

/** Operations of one transaction at most. */
export const maxConsulSteps = 64;

/** @param streams the registry has delta streams */
export function consulKv(options: EngineOptions, streams: boolean): Kv {
  const { http } = options;
  const wire = { url: options.url, http };
  const list = async (prefix: string, signal?: AbortSignal): Promise<KvList> => {
    const path = `/v1/kv/${keyPath(prefix)}?recurse&consistent`;
    const { status, text, index } = await send(
      wire,
      { method: "GET", path, ...abortable(signal) },
      [200, 404],
    );
    return { entries: status === 404 ? [] : entriesOf(parseJson(text)), version: index ?? "1" };
  };
  return {
    async get(key, signal) {
      const path = `/v1/kv/${keyPath(key)}?consistent`;
      const { status, text } = await send(wire, { method: "GET", path, ...abortable(signal) }, [200, 404]);
      return status === 404 ? undefined : entriesOf(parseJson(text))[0];
    },
    list,
    async put(key, value, condition) {
      const step = { ...stepOf({ kind: "put", key, value }), ...onlyIf("cas", key, condition?.ifVersion) };
      const { rows, errors } = await transact(wire, [step]);
      if (errors.length === 0) return entryOf(rows[0]).version;
      if (condition !== undefined && onlyRaced(errors)) return undefined;
      throw malformed(errors.join("; "));
    },
    async delete(key, condition) {
      if (condition?.ifVersion === "absent") return (await this.get(key)) === undefined;
      const step = { ...stepOf({ kind: "delete", key }), ...onlyIf("delete-cas", key, condition?.ifVersion) };
      const { errors } = await transact(wire, [step]);
      if (errors.length > 0 && !onlyRaced(errors)) throw malformed(errors.join("; "));
      return errors.length === 0;
    },
    async txn(steps) {
      const { errors } = await transact(wire, withinSteps(steps, maxConsulSteps).map(stepOf));
      if (errors.length > 0 && !onlyRaced(errors)) throw malformed(errors.join("; "));
      return errors.length === 0;
    },
    watch(prefix, { signal, since }) {
      const what = `the watch of keys below "${prefix}"`;
      const path = wireUrl(options.url, `/v1/tusker/watch/kv/${keyPath(prefix)}`);
      const open = streams
        ? kvStream(path, since, options)
        : kvQuestions(wire, prefix, { clock: options.clock, waitMs: options.updateIntervalMs ?? 30_000 });
      return retrying(open, { ...options, what, signal });
    },
  };
}

function stepOf(step: KvStep): object {
  const { key: Key } = step;
  switch (step.kind) {
    case "put":
      return { Verb: "set", Key, Value: encodeValue(Key, step.value, maxConsulValueBytes) };
    case "delete":
      return { Verb: "delete", Key };
    case "check":
      return step.version === "absent"
        ? { Verb: "check-not-exists", Key }
        : { Verb: "check-index", Key, Index: Number(digitsOf(Key, step.version)) };
    default:
      return step satisfies never;
  }
}

function onlyIf(Verb: string, key: string, version: Version | undefined): object {
  if (version === undefined) return {};
  return { Verb, Index: version === "absent" ? 0 : Number(digitsOf(key, version)) };
}

function abortable(signal: AbortSignal | undefined): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
