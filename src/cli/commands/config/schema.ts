import { fleetJsonSchema } from "../../../fleet/index.ts";
import type { Run } from "../../command.ts";

/** Prints the JSON Schema of a whole fleet file. */
export const run: Run = async (args, io) => {
  io.out(`${JSON.stringify(fleetJsonSchema(), null, args.flag("json") ? 0 : 2)}\n`);
  return 0;
};
