import { flushCompileCache } from "node:module";
import type { Clock } from "../kernel/index.ts";
import type { ConnectionFigures } from "../net/index.ts";

/** One server of the process. */
export interface Drainable {
  /** Stops accepting, finishes what runs, cuts the rest after `graceMs`. */
  drain(graceMs: number): Promise<void>;
  /** Who is connected over HTTP/2, and what they did. */
  figures(): readonly ConnectionFigures[];
  /** What is counted of its connections, as Prometheus text. */
  metrics(): string;
}

export interface ProcessOptions {
  readonly clock: Clock;
  /** Listens to the supervisor; other parents may use the channel for themselves. */
  readonly supervised: boolean;
  /** Done when every server is drained: send what is left, close what is open. */
  readonly finish: () => Promise<void>;
}

/** How long running calls may take when nobody says. */
const defaultGraceMs = 10_000;

/** After the grace and this, a process that was told to go is gone, whatever still runs. */
const lastMs = 800;

/** The servers of this process; its signals are handled while there is one. */
const servers = new Set<Drainable>();
let detach: (() => void) | undefined;

/**
 * Ends the process in order: on SIGTERM, on SIGINT, when the supervisor says so, and at once when the supervisor is
 * no more. Dispose it to leave the process alone again.
 */
export function attachProcess(server: Drainable, options: ProcessOptions): Disposable {
  servers.add(server);
  detach ??= listen(options);
  return {
    [Symbol.dispose]() {
      servers.delete(server);
      if (servers.size > 0) return;
      detach?.();
      detach = undefined;
    },
  };
}

/** Tells the supervisor, if there is one, that this process answers and where. */
export function reportReady(port: number, grpcPort: number | undefined): void {
  if (!process.connected) return;
  // The services that wait for this one load the same code: what is compiled here is there for them.
  flushCompileCache();
  // A supervisor that is just dying is no error of ours: we end when its channel does.
  process.send?.({ type: "tusker:ready", port, grpcPort, pid: process.pid }, undefined, {}, () => undefined);
}

function listen({ clock, supervised, finish }: ProcessOptions): () => void {
  let ending = false;
  const end = (graceMs: number): void => {
    if (ending) return;
    ending = true;
    // Not background: it also ends a process whose drain never comes back.
    clock.after(graceMs + lastMs, () => process.exit(0));
    const drained = Promise.allSettled([...servers].map((server) => server.drain(graceMs)));
    void drained.then(finish).finally(() => process.exit(0));
  };
  const onSignal = (): void => {
    // Who looks for this service from now on shall find another, as when the supervisor wants it to end.
    if (supervised && process.connected)
      process.send?.({ type: "tusker:leaving" }, undefined, {}, () => undefined);
    end(defaultGraceMs);
  };
  const onMessage = (message: unknown): void => {
    const graceMs = drainGrace(message);
    if (graceMs !== undefined) end(graceMs);
    else if (typeOf(message) === "tusker:connections") tellConnections();
    else if (typeOf(message) === "tusker:metrics") tellMetrics();
  };
  // The supervisor died: nobody routes to us or watches us any more.
  const onDisconnect = (): void => end(0);
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  if (supervised && process.connected) {
    process.on("message", onMessage);
    process.on("disconnect", onDisconnect);
  }
  // False, not undefined: there was a channel, and its other end died while we were starting.
  if (supervised && process.connected === false) end(0);
  return () => {
    process.off("SIGTERM", onSignal);
    process.off("SIGINT", onSignal);
    process.off("message", onMessage);
    process.off("disconnect", onDisconnect);
    if (supervised) process.channel?.unref();
  };
}

/** Answers the supervisor, who asks for whoever operates the fleet. */
function tellConnections(): void {
  const connections = [...servers].flatMap((server) => server.figures());
  process.send?.({ type: "tusker:connections", connections }, undefined, {}, () => undefined);
}

/** As `tellConnections`: contracts of one process have series of their own. */
function tellMetrics(): void {
  const text = Array.from(servers, (server) => server.metrics()).join("");
  process.send?.({ type: "tusker:metrics", text }, undefined, {}, () => undefined);
}

function typeOf(message: unknown): unknown {
  return typeof message === "object" && message !== null && "type" in message ? message.type : undefined;
}

function drainGrace(message: unknown): number | undefined {
  if (typeof message !== "object" || message === null || typeOf(message) !== "tusker:drain") return undefined;
  return "graceMs" in message && typeof message.graceMs === "number" ? message.graceMs : defaultGraceMs;
}
