import type { FleetSettings, LogLine, TimedEvent } from "../fleet/index.ts";
import type { Io } from "./command.ts";
import { eventLine, shortTime } from "./event-line.ts";
import { harmless, paintFor } from "./paint.ts";

/** Where a fleet that is up can be reached. */
export interface UpAddresses {
  readonly gateway: string;
  readonly registry: string | undefined;
  /** Where the registry answers DNS, "host:port". */
  readonly dns: string | undefined;
  readonly dashboard: string;
  readonly tryUrl: string | undefined;
  readonly tookMs: number;
}

/** Tells the user of `tusker up` what happens. */
export interface UpReport {
  event(event: TimedEvent): void;
  line(line: LogLine): void;
  up(addresses: UpAddresses): void;
  /** Something nobody foresaw happened; the fleet is being ended. */
  failed(text: string): void;
  /** The fleet was told to stop; services may take up to `limitMs`. */
  stopping(limitMs: number): void;
  stopped(tookMs: number): void;
}

/** One JSON object per line on standard output. */
export function jsonReport(io: Io): UpReport {
  const tell = (value: object): void => io.out(`${JSON.stringify(value)}\n`);
  return {
    event: tell,
    line: (line) => tell({ type: "log", ...line }),
    up: (addresses) => tell({ type: "up", ...addresses, tookMs: Math.round(addresses.tookMs) }),
    failed: (text) => tell({ type: "failed", text }),
    stopping: (limitMs) => tell({ type: "stopping", limitMs }),
    stopped: (tookMs) => tell({ type: "stopped", tookMs: Math.round(tookMs) }),
  };
}

/** Lines for a person. */
export function humanReport(settings: FleetSettings, io: Io): UpReport {
  const paint = paintFor(io.colour);
  const names = [...settings.services.map((service) => service.name), "gateway", "tusker"];
  const width = Math.max(...names.map((name) => name.length));
  const label = (name: string): string => paint.nth(Math.max(0, names.indexOf(name)), name.padEnd(width));
  const arrow = (name: string, address: string): void =>
    io.out(`  ${paint.green("➜")} ${name.padEnd(9)}  ${paint.cyan(address)}\n`);
  io.out(`\n  ${paint.bold(settings.name)}  ${paint.dim(`${settings.environment} · ${settings.file}`)}\n\n`);
  return {
    event(event) {
      const line = eventLine(event, paint);
      if (line === undefined) return;
      io.out(`  ${line.mark} ${line.about === undefined ? "" : `${label(line.about)}  `}${line.text}\n`);
    },
    line: ({ service, stream, text }) =>
      io.out(`${label(service)} ${paint.dim(stream === "stderr" ? "┃" : "│")} ${harmless(text)}\n`),
    up({ gateway, registry, dashboard, tryUrl, tookMs }) {
      io.out("\n");
      arrow("gateway", gateway);
      if (registry !== undefined) arrow("registry", registry);
      arrow("dashboard", dashboard);
      if (tryUrl !== undefined) io.out(`\n  try  ${paint.bold(`curl ${tryUrl}`)}\n`);
      io.out(paint.dim(`\n  up after ${shortTime(tookMs)}; Ctrl-C stops everything\n\n`));
    },
    failed: (text) => io.out(`  ${paint.red("✗")} ${text}; the fleet is ended\n`),
    stopping: (limitMs) =>
      io.out(
        paint.dim(
          `\n  stopping, which may take ${shortTime(limitMs)}; once more to end everything at once\n`,
        ),
      ),
    stopped: (tookMs) => io.out(paint.dim(`\n  all stopped in ${shortTime(tookMs)}\n`)),
  };
}
