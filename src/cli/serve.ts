import { systemClock } from "../kernel/index.ts";
import { createLogger, humanLines, type Logger } from "../telemetry/index.ts";
import type { Args, Io } from "./command.ts";
import { untilSignal } from "./signals.ts";

/** Says where something listens, and waits for Ctrl-C or the supervisor's word. */
export async function serveUntilSignal(
  addresses: Readonly<Record<string, string>>,
  args: Args,
  io: Io,
): Promise<void> {
  using signals = untilSignal(() => process.exit(130));
  if (args.flag("json")) io.out(`${JSON.stringify(addresses)}\n`);
  else for (const [name, address] of Object.entries(addresses)) io.out(`${name} at ${address}\n`);
  await signals.asked;
}

/** Logs on standard error: JSON lines where output is for programs, else for people. */
export function logTo(service: string, args: Args, io: Io): Logger {
  if (!args.flag("json")) return stderrLogger(service, io);
  return createLogger({ service, write: (text) => io.err(`${text}\n`), clock: systemClock });
}

/** Logs for people on standard error. */
export function stderrLogger(service: string, io: Io): Logger {
  return createLogger({
    service,
    format: humanLines({ color: io.colour }),
    write: (text) => io.err(`${text}\n`),
    clock: systemClock,
  });
}
