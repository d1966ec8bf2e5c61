import type { Run } from "../command.ts";
import { fleetPath, printDiagnostics, readFleet } from "../fleet-file.ts";
import { counted, paintFor } from "../paint.ts";
import { standardInputName } from "../standard-input.ts";

/**
 * Reads the file, starts nothing; for `-` standard input in the place of tusker.tsk, with the layers beside it. 0: it would run.
 * 1: it would not.
 */
export const run: Run = async (args, io) => {
  const [operand] = args.positionals;
  const isInput = operand === standardInputName;
  const text = isInput ? await io.input() : undefined;
  const file = fleetPath(args, io, isInput ? undefined : operand);
  const loaded = readFleet(file, args, io, { text });
  printDiagnostics(loaded, args, io);
  const { settings, diagnostics } = loaded;
  const errors = diagnostics.filter((one) => one.severity === "error").length;
  if (args.flag("json")) {
    io.out(
      `${JSON.stringify({ file, ok: settings !== undefined, errors, warnings: diagnostics.length - errors })}\n`,
    );
  } else if (settings === undefined) {
    io.err(`${counted(errors, "problem")} in ${file}\n`);
  } else {
    const routes = Object.keys(settings.sections.routes).length;
    const seen = `${counted(settings.services.length, "service")}, ${counted(routes, "route")}, 0 problems`;
    io.out(`${paintFor(io.colour).green("✓")} ${file}: ${seen}\n`);
  }
  return settings === undefined ? 1 : 0;
};
