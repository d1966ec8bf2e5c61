import { accessSync, constants, existsSync, statSync } from "node:fs";
import { delimiter, isAbsolute, join, resolve } from "node:path";
import { TuskerError } from "../../kernel/index.ts";

/** A command ready to spawn, without a shell. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  /** True when it runs on our own Node, and so may speak to us over an IPC channel. */
  readonly node: boolean;
}

/**
 * Splits `run` into words (quotes group, no shell expansion) and finds its program, so that a missing one is known
 * before anything starts. `node …` becomes our own Node: the one in PATH may be any version.
 *
 * @param nodeFlags put before the script, for example conditions of a source checkout
 * @throws TuskerError FLEET_COMMAND_MISSING
 */
export function resolveCommand(
  run: string,
  cwd: string,
  nodeFlags: readonly string[],
  path: string = process.env.PATH ?? "",
): Command {
  const [program, ...args] = splitWords(run);
  if (program === undefined) throw missing("the command is empty", run);
  if (program === "node") {
    // Behind flags the first plain word may be a flag's value; then Node itself will say what it misses.
    const script = args[0];
    if (script !== undefined && !script.startsWith("-") && !existsSync(resolve(cwd, script))) {
      throw missing(`its script ${script} does not exist in ${cwd}`, run);
    }
    return { file: process.execPath, args: [...nodeFlags, ...args], node: true };
  }
  const file = findProgram(program, cwd, path);
  if (file === undefined) throw missing(`the program ${program} is neither in ${cwd} nor in PATH`, run);
  return { file, args, node: false };
}

/** Words as a shell would see them: spaces part, quotes group, a backslash takes the next character as it is. */
export function splitWords(text: string): readonly string[] {
  // Most commands quote nothing.
  if (!/["'\\]/.test(text)) return text.split(/\s+/).filter((word) => word !== "");
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let i = 0; i < text.length; i++) {
    const c = text[i] ?? "";
    if (c === "\\" && quote !== "'" && i + 1 < text.length) word = (word ?? "") + (text[++i] ?? "");
    else if (quote !== undefined) {
      if (c === quote) quote = undefined;
      else word = (word ?? "") + c;
    } else if (c === '"' || c === "'") {
      quote = c;
      word ??= "";
    } else if (/\s/.test(c)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + c;
  }
  if (word !== undefined) words.push(word);
  return words;
}

function findProgram(program: string, cwd: string, path: string): string | undefined {
  const places =
    program.includes("/") || isAbsolute(program)
      ? [resolve(cwd, program)]
      : path.split(delimiter).map((p) => join(p, program));
  return places.find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

function missing(why: string, run: string): TuskerError {
  return new TuskerError("FLEET_COMMAND_MISSING", `cannot run "${run}": ${why}`);
}
