import { TuskerError } from "../../kernel/index.ts";
import { startLanguageServer } from "../../lsp/index.ts";
import type { Io, Run } from "../command.ts";

/** Speaks to an editor on standard input and output until the editor ends it. */
export const run: Run = async (_args, io) => {
  using _server = await started(io);
  return await new Promise<never>(() => {});
};

async function started({ env }: Io): Promise<Disposable> {
  try {
    return await startLanguageServer({ env });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND")) throw error;
    throw new TuskerError(
      "LSP_PACKAGES",
      "the language server needs two packages that were not installed: npm install vscode-languageserver vscode-languageserver-textdocument",
      { cause: error },
    );
  }
}
