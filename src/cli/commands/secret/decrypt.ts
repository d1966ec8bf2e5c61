import { secretKeys, unseal } from "../../../fleet/index.ts";
import { TuskerError } from "../../../kernel/index.ts";
import type { Run } from "../../command.ts";

/** Opens a sealed text with the keys of this host: the one place where a secret is printed. */
export const run: Run = async (args, io) => {
  const sealed = /tusk:v1:[\w-]+/.exec(args.positionals[0] ?? "")?.[0];
  if (sealed === undefined)
    throw new TuskerError("CLI_USAGE", "decrypt needs a sealed text, which begins with tusk:v1:");
  const text = unseal(sealed, secretKeys(io.env));
  io.out(args.flag("json") ? `${JSON.stringify({ text })}\n` : `${text}\n`);
  return 0;
};
