import { TuskerError } from "../kernel/index.ts";
import type { Args, Io } from "./command.ts";

/** A port given as an option. @throws TuskerError CLI_USAGE */
export function portOption(args: Args, name: string, otherwise: number): number {
  const text = args.text(name);
  if (text === undefined) return otherwise;
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new TuskerError("CLI_USAGE", `--${name} must be a whole number 0–65535, found "${text}"`);
}

/** The address to listen on: loopback, unless told otherwise, and then that is said. */
export function bindOption(args: Args, io: Io): string {
  const host = args.text("bind") ?? "127.0.0.1";
  if (!/^(127\.|::1$|localhost$)/.test(host))
    io.err(`listening on ${host}: other machines can reach this, and it asks nobody who they are\n`);
  return host;
}
