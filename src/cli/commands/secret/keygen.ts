import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { generateSealKeys } from "../../../fleet/index.ts";
import { TuskerError } from "../../../kernel/index.ts";
import type { Run } from "../../command.ts";
import { writeText } from "../../write-text.ts";

/** Makes a pair of keys. With --out the secret one goes to a file that only its owner may read. */
export const run: Run = async (args, io) => {
  const { secretKey, publicKey } = generateSealKeys();
  const out = args.text("out");
  if (out !== undefined) {
    const file = resolve(io.cwd, out);
    if (existsSync(file))
      throw new TuskerError(
        "CLI_USAGE",
        `${out} is there already; a key that is overwritten opens nothing any more`,
      );
    writeText(file, `${secretKey}\n`, { secret: true });
  }
  const shown = out === undefined ? { publicKey, secretKey } : { publicKey, file: out };
  if (args.flag("json")) io.out(`${JSON.stringify(shown)}\n`);
  else if (out === undefined) io.out(`public  ${publicKey}\nsecret  ${secretKey}\n`);
  else io.out(`public  ${publicKey}\nsecret  in ${out}; hosts get it as TUSKER_SECRET_KEY_FILE\n`);
  return 0;
};
