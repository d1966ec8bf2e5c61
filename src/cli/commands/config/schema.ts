import { fleetJsonSchema, withConfigSchemas } from "../../../fleet/index.ts";
import { operators } from "../../../tsk/index.ts";
import type { Args, Io, Run } from "../../command.ts";
import { fleetPath, printDiagnostics, readFleet } from "../../fleet-file.ts";
import { hostOf } from "../../plugins.ts";

/**
 * Prints the JSON Schema of a whole fleet file; of a file that is named, with what its services ask of their configuration.
 * `x-tusker-operators` lists what may be called where a value stands.
 */
export const run: Run = async (args, io) => {
  const [file] = args.positionals;
  const schema = file === undefined ? fleetJsonSchema() : schemaOf(file, args, io);
  if (schema === undefined) return 1;
  const known = { ...schema, "x-tusker-operators": operatorsOf(args, io) };
  io.out(`${JSON.stringify(known, null, args.flag("json") ? 0 : 2)}\n`);
  return 0;
};

function schemaOf(file: string, args: Args, io: Io): ReturnType<typeof fleetJsonSchema> | undefined {
  const path = fleetPath(args, io, file);
  const loaded = readFleet(path, args, io);
  if (loaded.settings !== undefined) return withConfigSchemas(fleetJsonSchema(), loaded.settings);
  printDiagnostics(loaded, args, io);
  return undefined;
}

/** Operators by name, those of plugins too, with the names of their arguments. */
function operatorsOf(args: Args, io: Io): Readonly<Record<string, object>> {
  const brought = (hostOf(args, io).operators ?? []).map((one) => [one.name, one.row] as const);
  return Object.fromEntries(
    [...Object.entries(operators), ...brought].map(([name, { parameters, required, secret = false }]) => [
      name,
      { parameters, required, secret },
    ]),
  );
}
