import type { TimedEvent } from "../fleet/index.ts";
import { formatDuration } from "../kernel/index.ts";
import { harmless, type Paint } from "./paint.ts";

/** One line of `tusker up`. */
export interface EventLine {
  readonly mark: string;
  /** The service it is about, printed in its colour. */
  readonly about?: string;
  readonly text: string;
}

/** Says an event in one line; undefined for those a person need not see. */
export function eventLine(event: TimedEvent, paint: Paint): EventLine | undefined {
  switch (event.type) {
    case "ready":
      return { mark: paint.green("✓"), about: event.service, text: readyText(event, paint) };
    case "exited":
      return { mark: paint.red("✗"), about: event.service, text: exitedText(event, paint) };
    case "crash-loop": {
      const text = `is in a crash loop: ${event.exits} exits in ${shortTime(event.withinMs)}`;
      return { mark: paint.red("✗"), about: event.service, text: paint.red(text) };
    }
    case "slow-start": {
      const text = `is not ready after ${shortTime(event.afterMs)}; it must answer its health endpoint with 2xx on the port in PORT`;
      return { mark: paint.yellow("…"), about: event.service, text };
    }
    case "assumed": {
      const text = `${event.external} is assumed to be there (needed by ${event.neededBy.join(", ")}); with an address under [externals] it is checked`;
      return { mark: paint.yellow("~"), text };
    }
    case "external":
      return event.reachable
        ? { mark: paint.green("✓"), text: `${event.external} answers at ${event.address}` }
        : { mark: paint.yellow("…"), text: `waiting for ${event.external} at ${event.address}` };
    case "notice":
      return { mark: paint.yellow("~"), text: event.text };
    case "state":
      return undefined;
  }
}

function readyText(event: Extract<TimedEvent, { type: "ready" }>, paint: Paint): string {
  const grpc = event.grpcPort === undefined ? "" : `  grpc :${event.grpcPort}`;
  const pid = event.pid === undefined ? "runs elsewhere" : `pid ${event.pid}`;
  const waited = event.waitedFor.length === 0 ? "" : paint.dim(`  waited for ${event.waitedFor.join(", ")}`);
  const which =
    event.instance.endsWith("-001") || event.instance === event.service ? "" : `  ${event.instance}`;
  return `ready  :${event.port}${grpc}  ${pid}  ${shortTime(event.tookMs)}${which}${waited}`;
}

function exitedText(event: Extract<TimedEvent, { type: "exited" }>, paint: Paint): string {
  const words = event.lastWords.filter((text) => text.trim() !== "");
  const quoted = words.map((text) => `\n      ${paint.dim("┃")} ${harmless(text)}`).join("");
  const last = words.length === 0 ? "" : `; its last words:${quoted}`;
  return `ended (${event.reason}) after ${shortTime(event.uptimeMs)}; starts again in ${shortTime(event.retryMs)}${last}`;
}

/** 250ms, 1.7s, 1m12s: as precise as a person reads. */
export function shortTime(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  return ms < 60_000 ? `${(ms / 1_000).toFixed(1)}s` : formatDuration(Math.round(ms / 1_000) * 1_000);
}
