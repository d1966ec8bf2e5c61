import { readFileSync } from "node:fs";
import { publicKeyOf, seal, secretKeys } from "../../../fleet/index.ts";
import { TuskerError } from "../../../kernel/index.ts";
import type { Args, Io, Run } from "../../command.ts";

/** Seals a text for `@encrypted`. Without an operand it comes from standard input, where no process list shows it. */
export const run: Run = async (args, io) => {
  const text = args.positionals[0] ?? readFileSync(0, "utf8").replace(/\r?\n$/, "");
  const value = seal(text, publicKey(args, io));
  io.out(args.flag("json") ? `${JSON.stringify({ value })}\n` : `@encrypted("${value}")\n`);
  return 0;
};

/**
 * The public key of --key, else the one of this host's secret key.
 *
 * @throws TuskerError CLI_USAGE
 */
export function publicKey(args: Args, io: Io): string {
  const given = args.text("key");
  if (given !== undefined) return given;
  const [own] = secretKeys(io.env);
  if (own !== undefined) return publicKeyOf(own);
  throw new TuskerError(
    "CLI_USAGE",
    "for whom? give --key PUBLIC, or TUSKER_SECRET_KEY_FILE; `tusker secret keygen` makes a pair",
  );
}
