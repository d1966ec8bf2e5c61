import type { DependencyView, EventView, FleetView } from "../src/control/api.ts";
import { paced } from "./pace.ts";
import { edgeRates, type Rates } from "./rates.ts";

/** How the page stands to the fleet. `locked`: it answers, but wants a token we do not have. */
export type Connection = "connecting" | "live" | "lost" | "locked" | "hidden";

/** What the fleet last said, and who wants to hear of changes. */
export interface Live {
  readonly connection: Connection;
  readonly fleet: FleetView | undefined;
  readonly dependencies: readonly DependencyView[];
  readonly rates: Rates;
  /** Newest first. */
  readonly events: readonly EventView[];
  on(topic: Topic, listener: () => void): void;
  start(): void;
}

/** `tick` comes each two seconds while the page can be seen, for what grows old. */
export type Topic = "connection" | "fleet" | "events" | "spans" | "tick";

/** A request that the fleet refused, in its own words. */
export class Refused extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Asks the admin API. @throws Refused, or TypeError when nobody answers */
export async function ask<Answer>(path: string, method: "GET" | "POST" = "GET"): Promise<Answer> {
  const response = await fetch(path, { method, headers: { accept: "application/json" } });
  await refuse(response);
  return response.json();
}

/** @throws Refused unless the answer is a good one */
export async function refuse(response: Response): Promise<void> {
  if (response.ok) return;
  const problem: { detail?: string; title?: string } = await response.json().catch(() => ({}));
  throw new Refused(response.status, problem.detail ?? problem.title ?? `status ${response.status}`);
}

interface Heard {
  connection: Connection;
  fleet: FleetView | undefined;
  dependencies: readonly DependencyView[];
  events: readonly EventView[];
}

const retryMs = 1_000;
const keptEvents = 100;

/** Follows the fleet: by its event stream while it answers, by knocking once a second while it does not. */
export function followFleet(): Live {
  const listeners = new Map<Topic, (() => void)[]>();
  const tell = (topic: Topic): void => listeners.get(topic)?.forEach((listener) => void listener());
  const rates = edgeRates();
  const state: Heard = { connection: "connecting", fleet: undefined, dependencies: [], events: [] };
  let source: EventSource | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;

  const become = (connection: Connection): void => {
    if (state.connection === connection) return;
    state.connection = connection;
    tell("connection");
  };
  const close = (): void => {
    source?.close();
    source = undefined;
  };
  const failed = (error: unknown): void => {
    close();
    if (document.hidden) {
      become("hidden");
      return;
    }
    become(error instanceof Refused && (error.status === 401 || error.status === 403) ? "locked" : "lost");
    clearTimeout(retry);
    retry = setTimeout(connect, retryMs);
  };
  const readFleet = async (): Promise<void> => {
    state.fleet = await ask<FleetView>("/control/fleet");
    tell("fleet");
  };
  const readDependencies = async (): Promise<void> => {
    // A fleet without a collector has no edges to tell of, and is well all the same.
    const calls = await ask<readonly DependencyView[]>("/control/dependencies").catch((error: unknown) => {
      if (error instanceof Refused) return [];
      throw error;
    });
    state.dependencies = calls;
    rates.note(Date.now(), state.dependencies);
    tell("spans");
  };
  // What was asked for just before the page went out of sight is asked again when it comes back.
  const whileOpen = (read: () => Promise<void>) => async (): Promise<void> => {
    if (source !== undefined) await read().catch(failed);
  };
  const soonFleet = paced(150, whileOpen(readFleet));
  const soonSpans = paced(1_000, whileOpen(readDependencies));

  async function connect(): Promise<void> {
    if (source !== undefined) return;
    if (document.hidden) return become("hidden");
    const opened = new EventSource("/control/events");
    source = opened;
    state.events = [];
    opened.addEventListener("spans", soonSpans);
    opened.addEventListener("message", ({ data }) => {
      const event: EventView = JSON.parse(data);
      state.events = [event, ...state.events].slice(0, keptEvents);
      tell("events");
      soonFleet();
    });
    try {
      await readFleet();
      await readDependencies();
    } catch (error) {
      return failed(error);
    }
    if (source !== opened) return;
    // Not before: a refused stream says no more than "error", and the plain answer above says why.
    if (opened.readyState === EventSource.CLOSED) return failed(undefined);
    opened.addEventListener("error", () => failed(undefined));
    become("live");
  }

  return {
    get connection() {
      return state.connection;
    },
    get fleet() {
      return state.fleet;
    },
    get dependencies() {
      return state.dependencies;
    },
    get events() {
      return state.events;
    },
    rates,
    on: (topic, listener) => void listeners.set(topic, [...(listeners.get(topic) ?? []), listener]),
    start() {
      // Browsers open six connections to one server: a page nobody sees gives its own back.
      document.addEventListener("visibilitychange", () => {
        if (!document.hidden) return void connect();
        close();
        become("hidden");
      });
      setInterval(() => !document.hidden && tell("tick"), 2_000);
      void connect();
    },
  };
}
