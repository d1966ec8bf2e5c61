import { type Effect, effectsOf, type LoadedFleet, loadFleet, pathText } from "../../../fleet/index.ts";
import { Secret, TuskerError } from "../../../kernel/index.ts";
import type { Document } from "../../../tsk/index.ts";
import type { Io, Run } from "../../command.ts";
import { fleetPath, printDiagnostics } from "../../fleet-file.ts";
import { paintFor } from "../../paint.ts";
import { hostOf } from "../../plugins.ts";

/**
 * Prints the values that differ between two environments, where each is written, and what would be restarted or reloaded
 * by going from one to the other. Secrets are masked.
 */
export const run: Run = async (args, io) => {
  const env = args.text("env");
  if (env === undefined)
    throw new TuskerError(
      "CLI_USAGE",
      "diff needs an environment, for example `tusker config diff --env prod`",
    );
  const env2 = args.text("env2");
  const [before, after] = env2 === undefined ? [undefined, env] : [env, env2];
  const file = fleetPath(args, io);
  const read = (environment: string | undefined): LoadedFleet =>
    loadFleet(file, { environment, sets: args.list("set"), env: io.env, ...hostOf(args, io) });
  const [left, right] = [read(before), read(after)];
  for (const side of [left, right]) {
    if (!side.diagnostics.some((one) => one.severity === "error")) continue;
    printDiagnostics(side, args, io);
    return 1;
  }
  const differences = compare(left.document, right.document);
  const title = { left: before ?? "default", right: after };
  const paths = differences.map((one) => one.path);
  const names = (side: LoadedFleet): readonly string[] => side.document.keys(["services"]);
  const effects = effectsOf(paths, names(left), names(right));
  if (args.flag("json")) io.out(`${JSON.stringify({ ...title, differences, effects })}\n`);
  else {
    print(title, differences, io);
    printEffects(effects, io);
  }
  return 0;
};

interface Side {
  /** As printed: a secret is `[secret]`. */
  readonly value: unknown;
  readonly layer?: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

interface Difference {
  readonly path: readonly string[];
  /** Absent where only the other side has a value. */
  readonly left?: Side;
  readonly right?: Side;
}

function compare(left: Document, right: Document): readonly Difference[] {
  const [before, after] = [leaves(left), leaves(right)];
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((key) => {
    const path: readonly string[] = JSON.parse(key);
    const [one, other] = [before.get(key), after.get(key)];
    if (before.has(key) && after.has(key) && revealed(one) === revealed(other)) return [];
    return [
      {
        path,
        ...(before.has(key) ? { left: sideOf(left, path, one) } : {}),
        ...(after.has(key) ? { right: sideOf(right, path, other) } : {}),
      },
    ];
  });
}

/** Every value that is no map with keys, by its path as JSON, in the order written. */
function leaves(document: Document): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>();
  const visit = (value: unknown, path: readonly string[]): void => {
    const keys = document.keys(path);
    if (keys.length === 0) found.set(JSON.stringify(path), value);
    for (const key of keys) visit(Reflect.get(Object(value), key), [...path, key]);
  };
  visit(document.value, []);
  return found;
}

/** For comparing only; never printed. `JSON.stringify` hands a secret's mask to its replacer, the holder has it. */
function revealed(value: unknown): string {
  return JSON.stringify([value], function (this: object, key: string, shown: unknown) {
    const one: unknown = Reflect.get(this, key);
    return one instanceof Secret ? [one.reveal()] : shown;
  });
}

function sideOf(document: Document, path: readonly string[], value: unknown): Side {
  const [winner] = document.origin(path);
  if (winner === undefined) return { value };
  const { layer, file, line, column } = winner;
  return { value, layer, file, line, column };
}

function print(
  title: { readonly left: string; readonly right: string },
  differences: readonly Difference[],
  io: Io,
): void {
  const paint = paintFor(io.colour);
  const same = `${title.left} and ${title.right} have the same values\n`;
  io.out(
    differences.length === 0 ? same : `${paint.red(`- ${title.left}`)}\n${paint.green(`+ ${title.right}`)}\n`,
  );
  for (const { path, left, right } of differences) {
    io.out(`\n${paint.bold(pathText(path))}\n`);
    if (left !== undefined) io.out(`  ${paint.red(`- ${text(left)}`)}${place(left)}\n`);
    if (right !== undefined) io.out(`  ${paint.green(`+ ${text(right)}`)}${place(right)}\n`);
  }
}

function text({ value }: Side): string {
  return value instanceof Secret ? "[secret]" : JSON.stringify(value);
}

function place({ layer, file, line, column }: Side): string {
  return layer === undefined ? "" : `  ${layer}  ${file}:${line}:${column}`;
}

function printEffects(effects: readonly Effect[], io: Io): void {
  if (effects.length === 0) return;
  const paint = paintFor(io.colour);
  io.out("\nthis change would\n");
  for (const { action, of, name, paths } of effects) {
    const what = of === "service" ? (name ?? "") : `the ${of}`;
    const verb = action === "none" ? "not touch" : action;
    const shown = paths.slice(0, 3).map(pathText).join(", ");
    const why = paths.length > 3 ? `${shown} and ${paths.length - 3} more` : shown;
    io.out(`  ${verb.padEnd(9)}  ${paint.bold(what)}  ${paint.dim(why)}\n`);
  }
}
