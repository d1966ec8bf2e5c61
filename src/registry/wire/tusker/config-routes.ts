import type { z } from "zod";
import { publish } from "../../config/publish.ts";
import { keysOf, rollback, versionsOf } from "../../config/rollback.ts";
import { loadSchemas, schemaProblems } from "../../config/schemas.ts";
import { KvDraft } from "../../kv/draft.ts";
import type { Change, KvVersion } from "../../state/model.ts";
import { demand, toNamed } from "../guard.ts";
import { named } from "../health-routes.ts";
import { tooLarge } from "../kv/values.ts";
import { refusal } from "../refusal.ts";
import { json, type Reply, type Route, settled, type Wire, type WireRequest } from "../route.ts";

/** `/v1/tusker/history|publish|rollback`: keys as configuration, with versions, authors and reasons. */
export function configRoutes(wire: Wire): readonly Route[] {
  const { store } = wire;
  return [
    {
      verb: "GET",
      path: "/v1/tusker/history/",
      guard: toNamed("key", "read"),
      run: settled(store, (request) => {
        const key = named(request, "Missing key name");
        const versions = versionsOf(store.tables, key).slice(0, limitOf(request));
        return versions.length === 0 ? { status: 404 } : json(versions.map(versionJson));
      }),
    },
    {
      verb: "GET",
      path: "/v1/tusker/publications/",
      guard: ({ access, rest }) => access.canAll("key", rest, "read"),
      run: settled(store, (request) => {
        const keys = keysOf(store.tables, { prefix: request.rest });
        const versions = keys.flatMap((key) => versionsOf(store.tables, key));
        return json(publicationsOf(versions).slice(0, limitOf(request)));
      }),
    },
    { verb: "PUT", path: "/v1/tusker/publish", guard: "inside", run: (request) => publishAll(wire, request) },
    { verb: "PUT", path: "/v1/tusker/rollback", guard: "inside", run: (request) => rollBack(wire, request) },
  ];
}

async function publishAll(wire: Wire, request: WireRequest): Promise<Reply> {
  const { publication } = await import("./config-body.ts");
  // It may bring the first schema.
  await loadSchemas();
  const { steps, ...order } = await read(request, publication);
  demand(steps.every(({ key }) => request.access.can("key", key, "write")));
  // From here on without a pause: what is read is what is true when it is written.
  const draft = draftOf(wire);
  const conflicts = publish(
    draft,
    steps.map((step) => ({ ...step, value: step.value ?? undefined })),
  );
  if (conflicts.length > 0) return { ...json({ conflicts }), status: 409 };
  return commit(wire, draft, order);
}

async function rollBack(wire: Wire, request: WireRequest): Promise<Reply> {
  const { rollbackOrder } = await import("./config-body.ts");
  await loadSchemas();
  const { key, prefix = "", to, ...order } = await read(request, rollbackOrder);
  const { access } = request;
  demand(key === undefined ? access.canAll("key", prefix, "write") : access.can("key", key, "write"));
  const draft = draftOf(wire);
  const { tables, log } = wire.store;
  const extent = key === undefined ? { prefix } : { key };
  const unknown = to > log.last ? keysOf(tables, extent) : rollback(draft, tables, extent, to);
  if (unknown.length > 0) return { ...json({ unknown }), status: 409 };
  return commit(wire, draft, order);
}

interface Order {
  readonly author: string;
  readonly reason: string;
  readonly dryRun: boolean;
}

async function commit({ store }: Wire, draft: KvDraft, { dryRun, ...by }: Order): Promise<Reply> {
  const problems = schemaProblems(draft);
  if (problems.length > 0) return { ...json({ problems }), status: 422 };
  const changes = draft.changes();
  const [written, removed] = [keysIn(changes, "kv"), keysIn(changes, "kv-gone")];
  if (dryRun) return json({ index: null, written, removed });
  const index = await store.commit(changes, by);
  return json({ index, written, removed });
}

function draftOf({ store }: Wire): KvDraft {
  return new KvDraft(store.tables.kv, store.log.last + 1);
}

/** @throws TuskerError REGISTRY_INVALID, 400 naming every field that is wrong, or 413 */
async function read<T>(request: WireRequest, shape: z.ZodType<T>): Promise<T> {
  const text = await request.body().catch((error: unknown) => {
    throw tooLarge(request, error);
  });
  const parsed = shape.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  const said = parsed.error.issues.map(({ path, message }) => `${path.join(".") || "body"}: ${message}`);
  throw refusal(400, `Request decode failed: ${said.join("; ")}`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw refusal(400, "Request decode failed: the body is no JSON", error);
  }
}

function limitOf({ query }: WireRequest): number {
  const written = query.get("limit") ?? "100";
  if (!/^\d{1,5}$/.test(written)) throw refusal(400, "Invalid limit: write a whole number");
  return Number(written);
}

function versionJson({ index, value, flags, written }: KvVersion): object {
  const { atMs, author: by, reason: why } = written;
  return { index, at: new Date(atMs).toISOString(), author: by, reason: why, value: value ?? null, flags };
}

/** Transactions with the keys they changed, the newest first. */
function publicationsOf(versions: readonly KvVersion[]): object[] {
  const groups = Map.groupBy(versions, ({ index }) => index);
  return [...groups]
    .sort(([a], [b]) => b - a)
    .map(([index, [first, ...more]]) => ({
      index,
      at: new Date(first?.written.atMs ?? 0).toISOString(),
      author: first?.written.author ?? "",
      reason: first?.written.reason ?? "",
      keys: [first, ...more].map((version) => version?.key),
    }));
}

function keysIn(changes: readonly Change[], kind: "kv" | "kv-gone"): string[] {
  const keys = changes.flatMap((change) => {
    if (change.kind !== kind) return [];
    return change.kind === "kv" ? [change.entry.key] : [change.key];
  });
  return keys.sort();
}
