import { pathText } from "../../fleet/index.ts";
import { Secret, TuskerError } from "../../kernel/index.ts";
import { type Document, parsePath } from "../../tsk/index.ts";
import type { Args, Io, Run } from "../command.ts";
import { fleetPath, printDiagnostics, readFleet } from "../fleet-file.ts";
import { paintFor } from "../paint.ts";

/** `render` prints the merged document, `explain PATH` where a value comes from. Secrets are masked in both. */
export const run: Run = async (args, io) => {
  const [verb, path] = args.positionals;
  const loaded = readFleet(fleetPath(args, io), args, io);
  if (verb === "explain") {
    if (path === undefined)
      throw new TuskerError(
        "CLI_USAGE",
        "explain needs a path, for example `tusker config explain gateway.timeout`",
      );
    return explain(loaded.document, pathOf(path), args, io);
  }
  if (verb !== "render") throw new TuskerError("CLI_USAGE", "config takes render or explain");
  printDiagnostics(loaded, args, io);
  const part = path === undefined ? loaded.document.value : valueAt(loaded.document.value, pathOf(path));
  if (part === undefined) throw missing(path ?? "");
  io.out(`${JSON.stringify(part, null, args.flag("json") ? 0 : 2)}\n`);
  return loaded.settings === undefined ? 1 : 0;
};

function explain(document: Document, path: readonly string[], args: Args, io: Io): number {
  const value = valueAt(document.value, path);
  if (value === undefined) throw missing(pathText(path));
  const origins = document.origin(path);
  if (args.flag("json")) {
    io.out(
      `${JSON.stringify({ path, value, origins: origins.map(({ layer, file, line, column, text }) => ({ layer, file, line, column, text })) })}\n`,
    );
    return 0;
  }
  const paint = paintFor(io.colour);
  io.out(`${paint.bold(pathText(path))} = ${value instanceof Secret ? "[secret]" : JSON.stringify(value)}\n`);
  for (const [index, { layer, file, line, column, text }] of origins.entries()) {
    const mark = index === 0 ? paint.green("wins     ") : paint.dim("overridden");
    io.out(`  ${mark.padEnd(10)}  ${layer.padEnd(11)}  ${file}:${line}:${column}  ${text}\n`);
  }
  return 0;
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, key) =>
      typeof at === "object" && at !== null && Object.hasOwn(at, key) ? Reflect.get(at, key) : undefined,
    value,
  );
}

function pathOf(text: string): readonly string[] {
  const path = parsePath(text);
  if (path !== undefined) return path;
  throw new TuskerError(
    "CLI_USAGE",
    `"${text}" is no path; write keys with dots between, and quotes around a key that has a dot or slash`,
  );
}

function missing(path: string): TuskerError {
  return new TuskerError("FLEET_INVALID", `the document has no value at ${path}`);
}
