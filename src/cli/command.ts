import type { ParseArgsOptionDescriptor } from "node:util";

/** The terminal as a command sees it; tests hand in their own. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  /** Standard input to its end; of one that is longer than a file of the language may be, what it takes to know that. */
  input(): Promise<Uint8Array>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** ANSI colours are welcome on `out`. */
  readonly colour: boolean;
  /** The same on `err`: either may be a file. */
  readonly errColour: boolean;
  /** Columns of the terminal. */
  readonly width: number;
}

/** What the user typed, sorted. */
export interface Args {
  readonly positionals: readonly string[];
  flag(name: string): boolean;
  /** The last value given. */
  text(name: string): string | undefined;
  /** Every value given. */
  list(name: string): readonly string[];
}

/** An option and the line that help prints for it. */
export type Option = ParseArgsOptionDescriptor & { readonly help: string; readonly value?: string };

/** One row of the table: everything help, completion and documentation need, and where the code is. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** What follows the name, for example "[file]". */
  readonly operands: string;
  /** How many operands at most. */
  readonly maxOperands: number;
  readonly options: Readonly<Record<string, Option>>;
  readonly load: () => Promise<{ readonly run: Run }>;
}

/** Runs a command. 0: fine. 1: the answer is no. 2: wrong use. */
export type Run = (args: Args, io: Io) => Promise<number>;
