import type { Run } from "../command.ts";
import { fleetPath, printDiagnostics, readFleet } from "../fleet-file.ts";
import { paintFor } from "../paint.ts";

/** Reads the file, starts nothing. 0: it would run. 1: it would not. */
export const run: Run = async (args, io) => {
  const file = fleetPath(args, io, args.positionals[0]);
  const loaded = readFleet(file, args, io);
  printDiagnostics(loaded, args, io);
  const { settings, diagnostics } = loaded;
  const errors = diagnostics.filter((one) => one.severity === "error").length;
  if (args.flag("json")) {
    io.out(
      `${JSON.stringify({ file, ok: settings !== undefined, errors, warnings: diagnostics.length - errors })}\n`,
    );
  } else if (settings === undefined) {
    io.err(`${errors} problem${errors === 1 ? "" : "s"} in ${file}\n`);
  } else {
    const routes = Object.keys(settings.sections.routes).length;
    io.out(
      `${paintFor(io.colour).green("✓")} ${file}: ${settings.services.length} services, ${routes} routes, 0 problems\n`,
    );
  }
  return settings === undefined ? 1 : 0;
};
