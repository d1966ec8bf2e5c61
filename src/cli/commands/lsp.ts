import { TuskerError } from "../../kernel/index.ts";
import { type LanguageServerOptions, startLanguageServer } from "../../lsp/index.ts";
import type { Run } from "../command.ts";
import { hostOf } from "../plugins.ts";

/** Speaks to an editor on standard input and output until the editor ends it. */
export const run: Run = async (args, io) => {
  const { operators, secrets } = hostOf(args, io);
  using _server = await started({ env: io.env, operators: operators ?? [], secrets: secrets ?? [] });
  return await new Promise<never>(() => {});
};

async function started(options: LanguageServerOptions): Promise<Disposable> {
  try {
    return await startLanguageServer(options);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND")) throw error;
    throw new TuskerError(
      "LSP_PACKAGES",
      "the language server needs two packages that were not installed: npm install vscode-languageserver vscode-languageserver-textdocument",
      { cause: error },
    );
  }
}
