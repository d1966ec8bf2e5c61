import { readFile, seal, secretKeys, unseal } from "../../../fleet/index.ts";
import { TuskerError } from "../../../kernel/index.ts";
import type { Run } from "../../command.ts";
import { counted } from "../../paint.ts";
import { shown, textOf, tskFiles } from "../../tsk-file.ts";
import { writeText } from "../../write-text.ts";

/** Seals every sealed text of the files anew for another key. Nothing is written unless all of them can be opened. */
export const run: Run = async (args, io) => {
  const key = args.text("key");
  if (key === undefined)
    throw new TuskerError("CLI_USAGE", "rotate needs the new public key: --key tusk-public-key:v1:…");
  const keys = secretKeys(io.env);
  const files = tskFiles(args, io).flatMap((file) => {
    const text = textOf(readFile(file) ?? new Uint8Array());
    if (text === undefined)
      throw new TuskerError("FLEET_INVALID", `${shown(file, io)} is no UTF-8 text; no file was written`);
    let values = 0;
    const rotated = text.replace(/tusk:v1:[\w-]+/g, (sealed) => {
      values++;
      return seal(unseal(sealed, keys), key);
    });
    return values === 0 ? [] : [{ file, values, rotated }];
  });
  for (const { file, rotated } of files) writeText(file, rotated);
  const outcome = files.map(({ file, values }) => ({ file: shown(file, io), values }));
  if (args.flag("json")) io.out(`${JSON.stringify({ files: outcome })}\n`);
  else
    io.out(
      outcome.map(({ file, values }) => `sealed ${counted(values, "value")} anew in ${file}\n`).join(""),
    );
  return 0;
};
