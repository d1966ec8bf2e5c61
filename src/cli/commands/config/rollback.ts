import { TuskerError } from "../../../kernel/index.ts";
import type { Run } from "../../command.ts";
import { report } from "./publish.ts";
import { authorshipOptions, openConfiguration, prefixOption } from "./registry-option.ts";

/** Makes keys what they were right after a version. */
export const run: Run = async (args, io) => {
  const by = authorshipOptions(args, io);
  const [key] = args.positionals;
  const prefix = prefixOption(args);
  const to = args.text("to") ?? "";
  if (!/^\d{1,16}$/.test(to)) {
    throw new TuskerError("CLI_USAGE", "rollback needs --to VERSION; `tusker config history` lists versions");
  }
  if (key === undefined && prefix === "") {
    throw new TuskerError("CLI_USAGE", "rollback needs a key, --prefix or --service");
  }
  const of = key === undefined ? { prefix } : { key: `${prefix}${key}` };
  await using open = await openConfiguration(args, io);
  return report(await open.configuration.rollback({ ...by, of, to }), args, io);
};
