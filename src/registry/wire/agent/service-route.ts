import { createHash } from "node:crypto";
import { topics } from "../../state/topics.ts";
import { demand } from "../guard.ts";
import { blockingOf } from "../parameters.ts";
import { refusal } from "../refusal.ts";
import { json, plain, type Reply, type Route, type Wire, type WireRequest } from "../route.ts";
import { agentServiceJson } from "../rows.ts";

/**
 * `/v1/agent/service/:id`: one instance of this node, with a hash of what is told. `?hash=` waits until it is another
 * one, at most `wait`: an agent has no index to wait for.
 */
export function agentServiceRoute(wire: Wire): Route {
  return {
    verb: "GET",
    path: "/v1/agent/service/",
    guard: "inside",
    async run(request) {
      const { store } = wire;
      const { hash, reply } = await changed(wire, request);
      await store.log.settled(store.log.last);
      return hash === "" ? reply : { ...reply, headers: ["X-Consul-Contenthash", hash] };
    },
  };
}

interface Told {
  /** Empty: there is no such instance. */
  readonly hash: string;
  readonly reply: Reply;
}

async function changed(wire: Wire, request: WireRequest): Promise<Told> {
  const { store, identity, random, clock } = wire;
  const known = request.query.get("hash") ?? "";
  const topic = topics.node(identity.node);
  const end = clock.now() + blockingOf(request.query, random).waitMs;
  for (;;) {
    const told = look(wire, request);
    const left = end - clock.now();
    if (known === "" || told.hash !== known || left <= 0) return told;
    const version = store.version(topic);
    const waited = store.waits.on(topic, left, request.signal);
    if (waited === undefined) {
      throw refusal(429, "Too many blocking queries are waiting; ask again in a moment");
    }
    await waited;
    // Nothing came: the time is over, the client left, or the registry ends.
    if (store.version(topic) === version) return told;
  }
}

function look({ store: { tables }, identity }: Wire, { rest, access }: WireRequest): Told {
  const row = tables.service(identity.node, rest);
  if (row === undefined) return { hash: "", reply: plain(404, `unknown service ID: ${rest}`) };
  demand(access.can("service", row.name, "read"));
  const value = agentServiceJson(row);
  const hash = createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 16);
  return { hash, reply: json({ ...value, ContentHash: hash }) };
}
