import { defaultAt, keysAt, pathText } from "../../../fleet/index.ts";
import { Secret, TuskerError } from "../../../kernel/index.ts";
import type { Document, Origin } from "../../../tsk/index.ts";
import type { Run } from "../../command.ts";
import { fleetPath, readFleet } from "../../fleet-file.ts";
import { paintFor } from "../../paint.ts";
import { configPath, noValueAt, valueAt } from "./config-path.ts";

/** Prints a value, the place that wrote it, and every place it overrode and why. A secret is masked. */
export const run: Run = async (args, io) => {
  const [text] = args.positionals;
  if (text === undefined)
    throw new TuskerError(
      "CLI_USAGE",
      "explain needs a path, for example `tusker config explain gateway.timeout`",
    );
  const path = configPath(text);
  const { document } = readFleet(fleetPath(args, io), args, io);
  const written = valueAt(document.value, path);
  const value = written === undefined ? defaultFor(document, path) : written;
  if (value === undefined) throw noValueAt(document.value, path, knownKeys);
  // The pieces of a map are merged; none overrides another.
  const merged = document.keys(path).length > 0;
  const places = merged ? document.origin(path).map(pieceOf) : withReasons(document.origin(path));
  if (args.flag("json")) {
    io.out(`${JSON.stringify({ path, value, origins: places })}\n`);
    return 0;
  }
  const paint = paintFor(io.colour);
  io.out(`${paint.bold(pathText(path))} = ${value instanceof Secret ? "[secret]" : JSON.stringify(value)}\n`);
  if (places.length === 0) io.out(`  ${paint.green("default   ")}  no file says otherwise\n`);
  for (const { layer, file, line, column, text: shown, edited, why } of places) {
    const lost = edited ? "changed   " : "overridden";
    const wins = merged ? "writes    " : "wins      ";
    const mark = why === undefined ? paint.green(wins) : paint.dim(lost);
    const reason = why === undefined ? "" : paint.dim(`  ${why}`);
    io.out(`  ${mark}  ${layer.padEnd(11)}  ${file}:${line}:${column}  ${shown}${reason}\n`);
  }
  return 0;
};

/** Keys with a default can be explained too. */
function knownKeys(path: readonly string[]): readonly string[] {
  return keysAt(path).map(({ name }) => name);
}

/** A default of a section, but not of a service or route that is not there. */
function defaultFor(document: Document, path: readonly string[]): unknown {
  const around = path.slice(0, -1);
  return path.length <= 2 || valueAt(document.value, around) !== undefined ? defaultAt(path) : undefined;
}

interface Place extends Pick<Origin, "layer" | "file" | "line" | "column" | "text"> {
  /** Why it does not count, or not alone; absent for the winner. */
  readonly why?: string;
  /** True when the place above does not replace this one but adds to it or takes away. */
  readonly edited?: boolean;
}

function pieceOf({ layer, file, line, column, text }: Origin): Place {
  return { layer, file, line, column, text };
}

function withReasons(origins: readonly Origin[]): readonly Place[] {
  return origins.map((origin, index) => {
    const winner = origins[index - 1];
    const place = pieceOf(origin);
    const { layer } = place;
    if (winner === undefined) return place;
    const above =
      winner.layer === layer
        ? `${winner.file} is above it in the same layer`
        : `the layer ${winner.layer} is above ${layer}`;
    // What an edit changes still counts.
    const edit = /^@(append|prepend|remove)\(/.exec(winner.text)?.[1];
    return edit === undefined
      ? { ...place, why: above }
      : { ...place, why: `${above}: @${edit}`, edited: true };
  });
}
