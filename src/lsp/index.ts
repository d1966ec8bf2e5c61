import type { LanguageServer, LanguageServerOptions } from "./protocol/server.ts";

// For editors: a process that speaks the language server protocol.

export type { LanguageServer, LanguageServerOptions } from "./protocol/server.ts";

/** Answers an editor on standard input and output. Loaded when called: the protocol's library is an optional dependency. */
export async function startLanguageServer(options: LanguageServerOptions): Promise<LanguageServer> {
  const { startLanguageServer: start } = await import("./protocol/server.ts");
  return start(options);
}

// For tools of another kind: the same answers, without a protocol.

export { codeActions } from "./features/code-actions.ts";
export { type Completion, complete } from "./features/complete.ts";
export { definition, references } from "./features/definition.ts";
export { diagnostics } from "./features/diagnostics.ts";
export { documentSymbols } from "./features/document-symbols.ts";
export { format } from "./features/format.ts";
export { hover } from "./features/hover.ts";
export { rename } from "./features/rename.ts";
export { type SemanticToken, semanticTokens, semanticTypes } from "./features/semantic-tokens.ts";
export type { Snapshot } from "./snapshot.ts";
export { Workspace } from "./workspace.ts";
