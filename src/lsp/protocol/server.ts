import {
  CodeActionKind,
  type Connection,
  createConnection,
  DidChangeWatchedFilesNotification,
  type InitializeParams,
  type InitializeResult,
  LSPErrorCodes,
  ProposedFeatures,
  ResponseError,
  type TextDocumentPositionParams,
  TextDocumentSyncKind,
  TextDocuments,
  type WorkspaceEdit,
} from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import { codeActions, sureFixes } from "../features/code-actions.ts";
import { complete } from "../features/complete.ts";
import { definition, references } from "../features/definition.ts";
import { documentSymbols } from "../features/document-symbols.ts";
import { format } from "../features/format.ts";
import { hover } from "../features/hover.ts";
import { type Renamed, rename, renameable } from "../features/rename.ts";
import { semanticTokens, semanticTypes } from "../features/semantic-tokens.ts";
import type { Project, Snapshot } from "../snapshot.ts";
import { Workspace, type WorkspaceOptions } from "../workspace.ts";
import {
  toAction,
  toChanges,
  toCompletion,
  toLocation,
  toRange,
  toSemanticTokens,
  toSymbol,
} from "./convert.ts";
import { Files } from "./files.ts";
import { Publisher } from "./publisher.ts";
import { pathOf, positionOf, Session } from "./session.ts";

/** How an editor is answered. */
export type LanguageServerOptions = WorkspaceOptions;

/** A server that listens; the protocol's `exit`, or the end of its input, ends the process. */
export type LanguageServer = Disposable;

/** What the editor can do, where it matters to us. */
interface Abilities {
  readonly watches: boolean;
  readonly renamesFiles: boolean;
}

/** Connects every feature with its request, on the process's standard input and output. */
export function startLanguageServer(options: LanguageServerOptions): LanguageServer {
  const connection = createConnection(ProposedFeatures.all, process.stdin, process.stdout);
  const documents = new TextDocuments(TextDocument);
  const workspace = new Workspace(options);
  const files = new Files();
  const publisher = new Publisher(connection, workspace, files);
  const session = new Session(connection);
  let abilities: Abilities = { watches: false, renamesFiles: false };

  connection.onInitialize((params) => {
    abilities = abilitiesOf(params);
    session.begin();
    return initialized;
  });
  connection.onInitialized(() => (abilities.watches ? watch(connection) : undefined));
  connection.onDidChangeWatchedFiles(() => {
    workspace.forget();
    publisher.changed();
  });
  documents.onDidChangeContent(({ document }) => {
    workspace.put(files.path(document.uri), document.getText());
    publisher.changed();
  });
  documents.onDidSave(() => {
    workspace.forget();
    publisher.changed();
  });
  documents.onDidClose(({ document }) => {
    workspace.close(files.path(document.uri));
    publisher.changed();
  });
  const path = (of: unknown): string => {
    session.assertOpen();
    return pathOf(files, of);
  };
  answer(connection, {
    files,
    seen: (of) => workspace.snapshot(path(of)),
    draft: (of) => workspace.draft(path(of)),
    offset: (at) => documents.get(at.textDocument.uri)?.offsetAt(positionOf(at)) ?? 0,
    renamed: (snapshot, result) => toWorkspaceEdit(snapshot, files, result, abilities),
  });
  documents.listen(connection);
  connection.listen();
  return { [Symbol.dispose]: () => connection.dispose() };
}

interface AboutFile {
  readonly textDocument: { readonly uri: string };
}

interface Around {
  readonly files: Files;
  /** The newest version of the file a request is about. */
  readonly seen: (of: AboutFile) => Snapshot | undefined;
  /** The newest text with the values of the version before: for what is asked with every letter. */
  readonly draft: (of: AboutFile) => Snapshot | undefined;
  readonly offset: (at: TextDocumentPositionParams) => number;
  readonly renamed: (snapshot: Snapshot, result: Renamed) => WorkspaceEdit | ResponseError<void>;
}

/** One line per request: the newest snapshot, the feature, the words of the protocol. */
function answer(connection: Connection, { files, seen, draft, offset, renamed }: Around): void {
  connection.onCompletion((at) => {
    const now = draft(at);
    return now && complete(now, offset(at)).map((one) => toCompletion(now.tree.source, one));
  });
  connection.onHover((at) => {
    const now = seen(at);
    const found = now && hover(now, offset(at));
    if (now === undefined || found === undefined) return null;
    const contents = { kind: "markdown" as const, value: found.markdown };
    return { contents, range: toRange(now.tree.source, found) };
  });
  connection.onDefinition((at) => {
    const now = seen(at);
    return now && definition(now, offset(at)).map((place) => toLocation(now, files, place));
  });
  connection.onReferences((at) => {
    const now = seen(at);
    return now && references(now, offset(at)).map((place) => toLocation(now, files, place));
  });
  connection.onPrepareRename((at) => {
    const now = seen(at);
    const span = now && renameable(now, offset(at));
    return now === undefined || span === undefined ? null : toRange(now.tree.source, span);
  });
  connection.onRenameRequest((at) => {
    const now = seen(at);
    return now && renamed(now, rename(now, offset(at), at.newName));
  });
  connection.onDocumentFormatting((of) => {
    // The style needs no values: an editor gives up on whoever keeps a save waiting.
    const now = draft(of);
    return now && format(now).map((edit) => ({ range: toRange(now.tree.source, edit), newText: edit.text }));
  });
  connection.onDocumentSymbol((of) => {
    const now = draft(of);
    return now && documentSymbols(now).map((one) => toSymbol(now.tree.source, one));
  });
  connection.languages.semanticTokens.on((of) => {
    const now = draft(of);
    return now === undefined ? { data: [] } : toSemanticTokens(now.tree.source, semanticTokens(now));
  });
  connection.onCodeAction(({ textDocument, range, context }) => {
    const now = seen({ textDocument });
    if (now === undefined) return undefined;
    const span = {
      start: offset({ textDocument, position: range.start }),
      end: offset({ textDocument, position: range.end }),
    };
    const fixes = codeActions(now, span).map((one) => toAction(now, files, one));
    return context.only?.includes(CodeActionKind.SourceFixAll) === true ? [fixAll(now, files)] : fixes;
  });
}

function fixAll(project: Snapshot, files: Files): ReturnType<typeof toAction> {
  const edit = { changes: toChanges(project, files, sureFixes(project)) };
  return { title: "fix all", kind: CodeActionKind.SourceFixAll, edit };
}

/** Files that bear the name are moved with it; an editor that cannot do that must not do half of it. */
function toWorkspaceEdit(
  project: Project,
  files: Files,
  result: Renamed,
  { renamesFiles }: Abilities,
): WorkspaceEdit | ResponseError<void> {
  if ("refused" in result) return new ResponseError(LSPErrorCodes.RequestFailed, result.refused);
  const changes = toChanges(project, files, result.edits);
  if (result.moves.length === 0) return { changes };
  if (!renamesFiles) {
    const names = result.moves.map((move) => move.from).join(", ");
    return new ResponseError(LSPErrorCodes.RequestFailed, `rename ${names} too; this editor cannot`);
  }
  const edits = Object.entries(changes).map(([uri, list]) => ({
    ...{ textDocument: { uri, version: null }, edits: list },
  }));
  const moves = result.moves.map(({ from, to }) => ({
    ...{ kind: "rename" as const, oldUri: files.uri(from), newUri: files.uri(to) },
  }));
  return { documentChanges: [...edits, ...moves] };
}

function abilitiesOf({ capabilities }: InitializeParams): Abilities {
  const { workspace } = capabilities;
  return {
    watches: workspace?.didChangeWatchedFiles?.dynamicRegistration === true,
    renamesFiles: workspace?.workspaceEdit?.resourceOperations?.includes("rename") === true,
  };
}

/** Layers that change on the disk change what an open file means. */
async function watch(connection: Connection): Promise<void> {
  const watchers = [{ globPattern: "**/*.tsk" }];
  await connection.client.register(DidChangeWatchedFilesNotification.type, { watchers });
}

const initialized: InitializeResult = {
  serverInfo: { name: "tusker" },
  capabilities: {
    textDocumentSync: {
      openClose: true,
      change: TextDocumentSyncKind.Incremental,
      save: { includeText: false },
    },
    completionProvider: { triggerCharacters: ['"', "'", "@", "$", "[", ".", " "] },
    hoverProvider: true,
    definitionProvider: true,
    referencesProvider: true,
    renameProvider: { prepareProvider: true },
    documentFormattingProvider: true,
    documentSymbolProvider: true,
    semanticTokensProvider: {
      legend: { tokenTypes: [...semanticTypes], tokenModifiers: [] },
      full: true,
    },
    codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix, CodeActionKind.SourceFixAll] },
  },
};
