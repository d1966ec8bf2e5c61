import type { Watched } from "../../watch/feeds.ts";
import { toNamed } from "../guard.ts";
import { named } from "../health-routes.ts";
import { refusal } from "../refusal.ts";
import { json, type Reply, type Route, type Wire, type WireRequest } from "../route.ts";

/**
 * `/v1/tusker/watch/…`: what changes, as it changes, over server-sent events (WHATWG HTML §9.2). Each event's id is a
 * version: `?since=` or Last-Event-ID goes on from there, with the changes when they are still known and with the
 * whole state when they are not.
 */
export function watchRoutes(wire: Wire): readonly Route[] {
  return [
    {
      // A client asks it to know whom it talks to: others than us do not know the path.
      verb: "GET",
      path: "/v1/tusker/capabilities",
      guard: "anybody",
      run: () => json({ durableAck: wire.durable }),
    },
    {
      verb: "GET",
      path: "/v1/tusker/watch/service/",
      guard: toNamed("service", "read"),
      run: (request) =>
        watch(wire, request, { kind: "service", name: named(request, "Missing service name") }),
    },
    {
      verb: "GET",
      path: "/v1/tusker/watch/kv/",
      guard: ({ access, rest }) => access.canAll("key", rest, "read"),
      run: (request) => watch(wire, request, { kind: "keys", prefix: request.rest }),
    },
  ];
}

function watch({ feeds }: Wire, request: WireRequest, watched: Watched): Reply {
  const since = request.query.get("since") ?? request.header("last-event-id");
  const stream = feeds.open(watched, since, request.cut);
  if (stream === undefined) throw refusal(429, "Too many streams are open; ask again in a moment");
  return {
    status: 200,
    headers: ["Cache-Control", "no-store"],
    content: { kind: "stream", stream, type: "text/event-stream" },
  };
}
