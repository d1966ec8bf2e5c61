import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { main } from "../../src/cli/main.ts";

/** What a command line printed, and its exit code. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A folder with files in which command lines run, without a process. */
export interface CommandFolder extends Disposable {
  readonly path: string;
  run(...argv: readonly string[]): Promise<Ran>;
  /** As `run`, with a text on standard input. */
  feed(input: string, ...argv: readonly string[]): Promise<Ran>;
  read(file: string): string;
}

export function commandFolder(
  files: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): CommandFolder {
  const path = mkdtempSync(join(tmpdir(), "tusker-command-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  const feed = async (input: string, ...argv: readonly string[]): Promise<Ran> => {
    const out: string[] = [];
    const err: string[] = [];
    const io = {
      out: (text: string): void => void out.push(text),
      err: (text: string): void => void err.push(text),
      input: async () => new TextEncoder().encode(input),
      env,
      cwd: path,
      colour: false,
      errColour: false,
      width: 80,
    };
    return { code: await main(argv, io), out: out.join(""), err: err.join("") };
  };
  return {
    path,
    feed,
    run: (...argv) => feed("", ...argv),
    read: (file) => readFileSync(join(path, file), "utf8"),
    [Symbol.dispose]: () => rmSync(path, { recursive: true }),
  };
}
