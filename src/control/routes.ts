import type { LogLine, RunningFleet, ServiceGroup, TimedEvent } from "../fleet/index.ts";
import type { Clock } from "../kernel/index.ts";
import { formatDuration, TuskerError } from "../kernel/index.ts";
import type { ServerExchange } from "../net/index.ts";
import type { ConnectionsView } from "./api.ts";
import { stream } from "./stream.ts";
import { fleetView } from "./view.ts";

/** What actions may use. */
export interface ActionContext {
  readonly fleet: RunningFleet;
  readonly clock: Clock;
  readonly onStop: () => void;
}

/** One row of the admin API. */
export interface Action {
  readonly method: "GET" | "POST";
  readonly path: RegExp;
  readonly run: (exchange: ServerExchange, context: ActionContext, asked: Asked) => Promise<void>;
}

interface Asked {
  readonly pathname: string;
  readonly query: URLSearchParams;
}

/** The admin API as a table; docs/reference/control.md lists the same rows. */
export const actions: readonly Action[] = [
  { method: "GET", path: /^\/control\/fleet$/, run: (x, { fleet }) => json(x, fleetView(fleet)) },
  { method: "POST", path: /^\/control\/fleet\/stop$/, run: stopFleet },
  { method: "POST", path: /^\/control\/services\/[\w-]+\/(stop|start|restart)$/, run: changeService },
  { method: "GET", path: /^\/control\/services\/[\w-]+\/connections$/, run: connections },
  { method: "GET", path: /^\/control\/logs$/, run: logs },
  { method: "GET", path: /^\/control\/events$/, run: events },
  { method: "GET", path: /^\/control\/traces$/, run: traces },
  { method: "GET", path: /^\/control\/traces\/[0-9a-f]{1,32}$/, run: trace },
  {
    method: "GET",
    path: /^\/control\/dependencies$/,
    run: (x, { fleet }) => json(x, storeOf(fleet).dependencies()),
  },
];

/** Who is connected to the processes of a service over HTTP/2; one that does not tell in a second has none to show. */
async function connections(
  exchange: ServerExchange,
  { fleet }: ActionContext,
  { pathname }: Asked,
): Promise<void> {
  const [, , , name = ""] = pathname.split("/");
  const views = await Promise.all(
    fleet.group(name).instances.map(
      async (instance): Promise<ConnectionsView> => ({
        instance: instance.spec.id,
        connections: (await instance.connections()) ?? [],
      }),
    ),
  );
  await json(exchange, views);
}

async function stopFleet(exchange: ServerExchange, { fleet, onStop }: ActionContext): Promise<void> {
  // At worst one process after the other takes all the time it has, the gateway first.
  const limitMs = fleet.settings.stopTimeoutMs * (fleet.groups.length + 1);
  await json(exchange, { stopping: true, limitMs }, 202);
  onStop();
}

async function changeService(
  exchange: ServerExchange,
  context: ActionContext,
  { pathname }: Asked,
): Promise<void> {
  const { fleet } = context;
  const [, , , name = "", verb] = pathname.split("/");
  const ready = (one: Starting): Promise<void> => readyInTime(one, name, { ...context, exchange });
  const group = name === "gateway" ? fleet.gateway : fleet.group(name);
  if ("restart" in group && verb === "restart") await group.restart(ready);
  else {
    if (verb !== "start") await group.stop();
    if (verb !== "stop") {
      group.start();
      await ready(group);
    }
  }
  const view = fleetView(fleet);
  await json(
    exchange,
    name === "gateway" ? view.gatewayProcess : view.services.find((service) => service.name === name),
  );
}

/** A process that was started, or all of a service. */
type Starting = Pick<ServiceGroup, "whenReady">;

/**
 * Waits for a start, for as long as the client does.
 *
 * @throws TuskerError FLEET_NOT_READY; the service goes on trying
 */
async function readyInTime(
  one: Starting,
  name: string,
  { exchange, fleet, clock }: ActionContext & { readonly exchange: ServerExchange },
): Promise<void> {
  const limitMs = fleet.settings.startTimeoutMs;
  const over = new AbortController();
  const late = clock.sleep(limitMs, AbortSignal.any([over.signal, exchange.signal])).then(() => {
    throw new TuskerError(
      "FLEET_NOT_READY",
      `${name} is not ready after ${formatDuration(limitMs)}; \`tusker logs ${name}\` tells why`,
    );
  });
  await Promise.race([one.whenReady(), late]).finally(() => over.abort());
}

async function logs(exchange: ServerExchange, { fleet }: ActionContext, { query }: Asked): Promise<void> {
  const service = query.get("service") ?? undefined;
  if (service !== undefined && service !== "gateway" && service !== "tusker") fleet.group(service);
  const past = fleet.logs.tail(wholeNumber(query, "lines", 100), service);
  if (query.get("follow") !== "1") return json(exchange, past);
  const written = (line: LogLine): string => `${JSON.stringify(line)}\n`;
  await stream(exchange, "application/x-ndjson", past.map(written), (send) =>
    fleet.logs.subscribe((line) => {
      if (service === undefined || line.service === service) send(written(line));
    }),
  );
}

/** Server-sent events: fleet events as they happen, and a `spans` event when new spans came in. */
async function events(exchange: ServerExchange, { fleet }: ActionContext): Promise<void> {
  const written = (event: TimedEvent): string => `data: ${JSON.stringify(event)}\n\n`;
  const past = fleet.events.recent().map(written);
  await stream(exchange, "text/event-stream", past, (send) => {
    const listening = fleet.events.subscribe((event) => send(written(event)));
    const spans = fleet.collector?.store.subscribe((batch) =>
      send(`event: spans\ndata: ${batch.length}\n\n`),
    );
    return {
      [Symbol.dispose]() {
        listening[Symbol.dispose]();
        spans?.[Symbol.dispose]();
      },
    };
  });
}

async function traces(exchange: ServerExchange, { fleet }: ActionContext, { query }: Asked): Promise<void> {
  const service = query.get("service");
  await json(
    exchange,
    storeOf(fleet).traces({
      limit: wholeNumber(query, "limit", 20),
      ...(service === null ? {} : { service }),
      ...(query.get("errors") === "1" ? { error: true } : {}),
    }),
  );
}

async function trace(exchange: ServerExchange, { fleet }: ActionContext, { pathname }: Asked): Promise<void> {
  const id = pathname.slice(pathname.lastIndexOf("/") + 1);
  const found = storeOf(fleet).trace(id);
  if (found === undefined)
    throw new TuskerError(
      "COLLECTOR_NO_TRACE",
      `no trace begins with ${id}; it was never recorded, or it is forgotten already`,
    );
  await json(exchange, found);
}

function storeOf(fleet: RunningFleet): NonNullable<RunningFleet["collector"]>["store"] {
  if (fleet.collector !== undefined) return fleet.collector.store;
  throw new TuskerError(
    "CONTROL_UNKNOWN",
    "this fleet keeps no traces: [tracing] or [collector] is switched off",
  );
}

function wholeNumber(query: URLSearchParams, name: string, otherwise: number): number {
  const text = query.get(name);
  if (text === null) return otherwise;
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new TuskerError(
    "CONTROL_BAD_REQUEST",
    `${name} must be a whole number, found "${text.slice(0, 40)}"`,
  );
}

function json(exchange: ServerExchange, body: unknown, status: number = 200): Promise<void> {
  return exchange.respond({
    status,
    headers: ["Content-Type", "application/json", "Cache-Control", "no-store"],
    body: JSON.stringify(body),
  });
}
