import { TuskerError } from "../kernel/index.ts";
import type { Args } from "./command.ts";

/** A port given as an option. @throws TuskerError CLI_USAGE */
export function portOption(args: Args, name: string, otherwise: number): number {
  const text = args.text(name);
  if (text === undefined) return otherwise;
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new TuskerError("CLI_USAGE", `--${name} must be a whole number 0–65535, found "${text}"`);
}
