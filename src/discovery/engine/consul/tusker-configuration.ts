import { isFields, listOf, malformed, parseJson, textOf } from "../../json.ts";
import type { Configuration, KeyVersion, Published } from "../configuration.ts";
import { type ConsulWire, keyPath, send } from "./consul-wire.ts";

/** The configuration service of a Tusker registry. */
export function tuskerConfiguration(wire: ConsulWire): Configuration {
  const list = async (path: string, limit: number): Promise<Record<string, unknown>[]> => {
    const { status, text } = await send(wire, { method: "GET", path: `${path}?limit=${limit}` }, [200, 404]);
    const rows = status === 404 ? [] : parseJson(text);
    if (!Array.isArray(rows)) throw malformed("it lists nothing");
    return rows.filter(isFields);
  };
  const order = async (path: string, body: object): Promise<Published> => {
    const headers = ["Content-Type", "application/json"];
    const request = { method: "PUT", path, headers, body: JSON.stringify(body) };
    const { text } = await send(wire, request, [200, 409, 422]);
    return publishedOf(parseJson(text));
  };
  return {
    publish: ({ steps, ...by }) =>
      order("/v1/tusker/publish", {
        ...by,
        steps: steps.map(({ key, value, ifVersion }) => ({
          key,
          value: value === undefined ? null : Buffer.from(value).toString("base64"),
          ...(ifVersion === undefined
            ? {}
            : { ifVersion: ifVersion === "absent" ? ifVersion : Number(ifVersion) }),
        })),
      }),
    rollback: ({ of, to, ...by }) => order("/v1/tusker/rollback", { ...by, ...of, to: Number(to) }),
    async history(key, limit = 100) {
      const rows = await list(`/v1/tusker/history/${keyPath(key)}`, limit);
      return rows.map((row) => ({
        ...noteOf(row),
        value: typeof row.value === "string" ? Buffer.from(row.value, "base64") : undefined,
      }));
    },
    async publications(prefix, limit = 100) {
      const rows = await list(`/v1/tusker/publications/${keyPath(prefix)}`, limit);
      return rows.map((row) => ({ ...noteOf(row), keys: listOf(row.keys) }));
    },
  };
}

function noteOf(row: Record<string, unknown>): Omit<KeyVersion, "value"> {
  return {
    version: String(row.index),
    at: textOf(row.at),
    author: textOf(row.author),
    reason: textOf(row.reason),
  };
}

/** @throws TuskerError DISCOVERY_PROTOCOL */
function publishedOf(answer: unknown): Published {
  if (!isFields(answer)) throw malformed("it says not what came of it");
  const { conflicts, problems, unknown, index, written, removed } = answer;
  if (Array.isArray(conflicts)) {
    const keys = conflicts
      .filter(isFields)
      .map(({ key, found }) => ({ key: textOf(key), found: String(found) }));
    return { kind: "conflict", keys };
  }
  if (Array.isArray(problems)) {
    const said = problems.filter(isFields);
    return {
      kind: "invalid",
      problems: said.map(({ key, message }) => ({ key: textOf(key), message: textOf(message) })),
    };
  }
  if (Array.isArray(unknown)) return { kind: "unknown", keys: listOf(unknown) };
  const version = typeof index === "number" ? String(index) : undefined;
  return { kind: "done", version, written: listOf(written), removed: listOf(removed) };
}
