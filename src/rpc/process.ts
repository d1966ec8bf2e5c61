import type { Clock } from "../kernel/index.ts";

/** What a process does with its servers when it is told to end. */
export interface Lifecycle {
  /** Stops accepting, finishes what runs, sends what is left. */
  drain(graceMs: number): Promise<void>;
}

/** How long running calls may take when nobody says; Kubernetes kills after 30 s. */
const defaultGraceMs = 10_000;

/** After this a process that was told to go is gone, whatever still runs. */
const lastMs = 800;

/**
 * Ends the process in order: on SIGTERM, on SIGINT, when the supervisor says so, and at once when the supervisor is
 * no more. Dispose it to leave the process alone again.
 *
 * @param supervised listens to the supervisor too; other parents may use the channel for themselves
 */
export function attachProcess(lifecycle: Lifecycle, clock: Clock, supervised: boolean): Disposable {
  let ending = false;
  const end = (graceMs: number): void => {
    if (ending) return;
    ending = true;
    // Not background: it also ends a process whose drain never comes back.
    clock.after(graceMs + lastMs, () => process.exit(0));
    void lifecycle.drain(graceMs).finally(() => process.exit(0));
  };
  const onSignal = (): void => end(defaultGraceMs);
  const onMessage = (message: unknown): void => {
    const graceMs = drainGrace(message);
    if (graceMs !== undefined) end(graceMs);
  };
  // The supervisor died: nobody routes to us or watches us any more.
  const onDisconnect = (): void => end(0);
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  if (supervised && process.connected) {
    process.on("message", onMessage);
    process.on("disconnect", onDisconnect);
  }
  return {
    [Symbol.dispose]() {
      process.off("SIGTERM", onSignal);
      process.off("SIGINT", onSignal);
      process.off("message", onMessage);
      process.off("disconnect", onDisconnect);
      if (supervised) process.channel?.unref();
    },
  };
}

/** Tells the supervisor, if there is one, that this process answers and where. */
export function reportReady(port: number, grpcPort: number | undefined): void {
  process.send?.({ type: "tusker:ready", port, grpcPort, pid: process.pid });
}

function drainGrace(message: unknown): number | undefined {
  if (typeof message !== "object" || message === null) return undefined;
  if (!("type" in message) || message.type !== "tusker:drain") return undefined;
  return "graceMs" in message && typeof message.graceMs === "number" ? message.graceMs : defaultGraceMs;
}
