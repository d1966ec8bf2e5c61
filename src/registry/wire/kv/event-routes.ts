import { messageOf } from "../../../kernel/index.ts";
import type { UserEvent } from "../../events/event-ring.ts";
import { compilePattern, type Pattern } from "../../pattern/pattern.ts";
import { topics } from "../../state/topics.ts";
import { uuid } from "../../uuid.ts";
import { toNamed } from "../guard.ts";
import { named } from "../health-routes.ts";
import { refuseForeign } from "../parameters.ts";
import { refusal } from "../refusal.ts";
import { json, type Reply, type Route, type Wire, type WireRequest, watched } from "../route.ts";
import { readValue } from "./values.ts";

/** `/v1/event/…`: signals to whoever listens. */
export function eventRoutes(wire: Wire): readonly Route[] {
  const { events } = wire;
  return [
    {
      verb: "PUT",
      path: "/v1/event/fire/",
      guard: toNamed("event", "write"),
      run: (request) => fire(wire, request),
    },
    {
      verb: "GET",
      path: "/v1/event/list",
      guard: "inside",
      run: watched(
        wire,
        ({ query, access }) => {
          const name = query.get("name") || undefined;
          return {
            topic: name === undefined ? topics.events : topics.event(name),
            version: () => events.version(name),
            render: () => {
              const seen = events.list(name).filter((event) => access.can("event", event.name, "read"));
              return seen.map((event) => eventJson(event));
            },
          };
        },
        "keys",
      ),
    },
  ];
}

async function fire(wire: Wire, request: WireRequest): Promise<Reply> {
  const { query } = request;
  const name = named(request, "Missing name");
  refuseForeign(query.get("dc"), wire.identity.datacenter);
  const event = {
    id: uuid(wire.random),
    name,
    payload: await readValue(request),
    nodeFilter: query.get("node") ?? "",
    serviceFilter: query.get("service") ?? "",
    tagFilter: query.get("tag") ?? "",
  };
  if (event.tagFilter !== "" && event.serviceFilter === "") {
    throw refusal(500, "Cannot provide tag filter without service filter");
  }
  refuseLarge(event);
  // One for other nodes or services is taken, and is nobody's here.
  const heard = concerns(wire, event);
  const added = heard ? wire.events.add(event) : { ...event, order: 0 };
  if (heard) wire.store.waits.wake([topics.events, topics.event(name)]);
  return json(eventJson({ ...added, order: 0 }));
}

/** Events are signals: on the wire where they were made one fits a datagram, with what it is wrapped in. */
const [maxEventBytes, wrappingBytes] = [512, 96];

/** The last 256 are kept, so that their size is memory. @throws TuskerError REGISTRY_INVALID, 500 */
function refuseLarge({
  name,
  payload,
  ...filters
}: Pick<UserEvent, "name" | "payload" | keyof Filters>): void {
  const { nodeFilter, serviceFilter, tagFilter } = filters;
  const texts = [name, name, nodeFilter, serviceFilter, tagFilter];
  const size = texts.reduce(
    (sum, text) => sum + Buffer.byteLength(text),
    Buffer.byteLength(payload, "base64"),
  );
  if (size + wrappingBytes > maxEventBytes) {
    throw refusal(
      500,
      `encoded user event exceeds configured limit of ${maxEventBytes} bytes after encoding`,
    );
  }
}

type Filters = Pick<UserEvent, "nodeFilter" | "serviceFilter" | "tagFilter">;

function concerns({ store, identity }: Wire, filters: Filters): boolean {
  const node = patternOf("node", filters.nodeFilter);
  const service = patternOf("service", filters.serviceFilter);
  const tag = patternOf("tag", filters.tagFilter);
  if (!node.test(identity.node)) return false;
  if (filters.serviceFilter === "") return true;
  const own = [...(store.tables.node(identity.node)?.services.values() ?? [])];
  const tagged = (tags: readonly string[]): boolean =>
    filters.tagFilter === "" || tags.some((one) => tag.test(one));
  return own.some(({ name, tags }) => service.test(name) && tagged(tags));
}

function patternOf(what: string, written: string): Pattern {
  try {
    return compilePattern(written);
  } catch (error) {
    throw refusal(500, `Invalid ${what} filter: ${messageOf(error)}`, error);
  }
}

function eventJson(event: Omit<UserEvent, "index">): object {
  return {
    ID: event.id,
    Name: event.name,
    Payload: event.payload === "" ? null : event.payload,
    NodeFilter: event.nodeFilter,
    ServiceFilter: event.serviceFilter,
    TagFilter: event.tagFilter,
    Version: 1,
    LTime: event.order,
  };
}
