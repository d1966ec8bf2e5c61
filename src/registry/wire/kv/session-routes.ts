import type { Access } from "../../acl/access.ts";
import { failing, refuseId } from "../../kv/session-keeper.ts";
import type { Session, SessionRow } from "../../state/model.ts";
import { topics } from "../../state/topics.ts";
import { uuid } from "../../uuid.ts";
import { anything, decodeBody, fields, list, onlyOne, text } from "../decode.ts";
import { durationProblem, parseWireDuration } from "../duration.ts";
import { demand } from "../guard.ts";
import { named } from "../health-routes.ts";
import { refuseForeign } from "../parameters.ts";
import { refusal } from "../refusal.ts";
import { json, plain, type Reply, type Route, type Wire, type WireRequest, watched } from "../route.ts";

interface SessionBody {
  Name: string;
  Node: string;
  LockDelay: unknown;
  Behavior: string;
  TTL: string;
  Checks: string[];
  NodeChecks: string[];
  ServiceChecks: Partial<{ ID: string; Namespace: string }>[];
}

const readBody = fields<SessionBody>(
  {
    Name: text,
    Node: text,
    LockDelay: anything,
    Behavior: text,
    TTL: text,
    Checks: list(text),
    NodeChecks: list(text),
    ServiceChecks: list(fields<{ ID: string; Namespace: string }>({ ID: text, Namespace: onlyOne })),
  },
  {},
  // Clients send what newer releases know; here as there it says nothing.
  { unknown: "ignored" },
);

const [minTtlMs, maxTtlMs] = [10_000, 86_400_000];

/** `/v1/session/…`: who may hold keys. */
export function sessionRoutes(wire: Wire): readonly Route[] {
  return [...reads(wire), ...writes(wire)];
}

function reads(wire: Wire): readonly Route[] {
  const { sessions } = wire.store.tables;
  return [
    {
      verb: "GET",
      path: "/v1/session/list",
      guard: "inside",
      run: watched(
        wire,
        ({ access }) => ({
          topic: topics.sessions,
          render: () => seen(access, sessions.all()).map(sessionJson),
        }),
        "sessions",
      ),
    },
    {
      verb: "GET",
      path: "/v1/session/node/",
      guard: "inside",
      run: watched(
        wire,
        (request) => {
          const node = named(request, "Missing node name");
          return {
            topic: topics.nodeSessions(node),
            render: () => seen(request.access, sessions.on(node)).map(sessionJson),
          };
        },
        "sessions",
      ),
    },
    {
      verb: "GET",
      path: "/v1/session/info/",
      guard: "inside",
      run: watched(
        wire,
        (request) => {
          const id = idOf(request);
          const render = (): object[] =>
            seen(request.access, [sessions.get(id) ?? []].flat()).map(sessionJson);
          return { topic: topics.session(id), render };
        },
        "sessions",
      ),
    },
  ];
}

function seen(access: Access, rows: readonly SessionRow[]): readonly SessionRow[] {
  const allowed = rows.filter(({ node }) => access.can("session", node, "read"));
  return allowed.sort((a, b) => (a.id < b.id ? -1 : 1));
}

function writes(wire: Wire): readonly Route[] {
  const { store, sessions, identity } = wire;
  const mayEnd = ({ access }: WireRequest, id: string): void => {
    const session = store.tables.sessions.get(id);
    demand(session === undefined || access.can("session", session.node, "write"));
  };
  const put = (path: string, run: Route["run"]): Route => ({
    verb: "PUT",
    path,
    guard: "inside",
    run(request) {
      refuseForeign(request.query.get("dc"), identity.datacenter);
      return run(request);
    },
  });
  return [
    put("/v1/session/create", (request) => create(wire, request)),
    put("/v1/session/destroy/", async (request) => {
      const id = idOf(request);
      mayEnd(request, id);
      await sessions.end(id);
      await store.commit([]);
      return json(true);
    }),
    put("/v1/session/renew/", async (request) => {
      const id = idOf(request);
      mayEnd(request, id);
      const session = sessions.renew(id);
      await store.commit([]);
      if (session === undefined) return plain(404, `Session id '${id}' not found`);
      return json([sessionJson(session)]);
    }),
  ];
}

async function create(wire: Wire, request: WireRequest): Promise<Reply> {
  const written = await request.body();
  const session = sessionOf(written === "" ? {} : decodeBody(written, readBody), wire);
  demand(request.access.can("session", session.node, "write"));
  const { tables } = wire.store;
  if (tables.node(session.node) === undefined) throw refusal(500, "Missing node registration");
  const why = failing(tables, session);
  if (why !== undefined) throw refusal(500, why);
  await wire.store.commit([{ kind: "session", session }]);
  return json({ ID: session.id });
}

function sessionOf(body: Partial<SessionBody>, { identity, random }: Wire): Session {
  const { Behavior = "", TTL = "" } = body;
  if (Behavior !== "" && Behavior !== "release" && Behavior !== "delete") {
    throw refusal(500, `Invalid Behavior setting '${Behavior}'`);
  }
  refuseTtl(TTL);
  return {
    id: uuid(random),
    name: body.Name ?? "",
    node: body.Node || identity.node,
    nodeChecks: body.NodeChecks ?? body.Checks ?? ["serfHealth"],
    serviceChecks: (body.ServiceChecks ?? []).map(({ ID = "" }) => ID),
    lockDelayMs: lockDelayOf(body.LockDelay),
    behavior: Behavior || "release",
    ttl: TTL,
  };
}

function refuseTtl(ttl: string): void {
  if (ttl === "") return;
  const ms = parseWireDuration(ttl);
  if (ms === undefined) throw refusal(500, `Session TTL '${ttl}' invalid: ${durationProblem(ttl)}`);
  if (ms !== 0 && (ms < minTtlMs || ms > maxTtlMs)) {
    throw refusal(500, `Invalid Session TTL '${ms * 1e6}', must be between [10s=24h0m0s]`);
  }
}

/** Text is a duration; a number is seconds when it is small and nanoseconds when it is not. */
function lockDelayOf(written: unknown): number {
  if (written === undefined) return 15_000;
  if (typeof written === "number") return Math.abs(written) < 1_000 ? written * 1_000 : written / 1e6;
  const ms = typeof written === "string" ? parseWireDuration(written) : undefined;
  if (ms === undefined) throw refusal(400, `Request decode failed: ${durationProblem(String(written))}`);
  return ms;
}

function sessionJson(row: SessionRow): object {
  return {
    ID: row.id,
    Name: row.name,
    Node: row.node,
    LockDelay: Math.round(row.lockDelayMs * 1e6),
    Behavior: row.behavior,
    TTL: row.ttl,
    NodeChecks: row.nodeChecks,
    ServiceChecks:
      row.serviceChecks.length === 0 ? null : row.serviceChecks.map((ID) => ({ ID, Namespace: "" })),
    CreateIndex: row.createIndex,
    ModifyIndex: row.modifyIndex,
  };
}

function idOf(request: WireRequest): string {
  const id = named(request, "Missing session");
  const why = refuseId(id);
  if (why !== undefined) throw refusal(500, why);
  return id;
}
