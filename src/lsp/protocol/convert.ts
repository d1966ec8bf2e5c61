import { resolve } from "node:path";
import {
  CodeActionKind,
  type CompletionItem,
  CompletionItemKind,
  DiagnosticSeverity,
  type CodeAction as LspAction,
  type Diagnostic as LspDiagnostic,
  type Location as LspLocation,
  type DocumentSymbol as LspSymbol,
  type Range,
  type SemanticTokens,
  SymbolKind,
  type TextEdit,
} from "vscode-languageserver/node";
import type { Source, Span } from "../../tsk/index.ts";
import type { CodeAction } from "../features/code-actions.ts";
import type { Completion } from "../features/complete.ts";
import type { Shown } from "../features/diagnostics.ts";
import type { DocumentSymbol } from "../features/document-symbols.ts";
import { type SemanticToken, semanticTypes } from "../features/semantic-tokens.ts";
import type { Edit, Place, Project } from "../snapshot.ts";
import type { Files } from "./files.ts";

/** Our places and proposals in the words of the protocol: lines and columns from 0, URIs, numbers for kinds. */
export function toRange(source: Source, span: Span): Range {
  const start = source.at({ start: span.start, end: span.start });
  const end = source.at({ start: span.end, end: span.end });
  return {
    start: { line: start.line - 1, character: start.column - 1 },
    end: { line: end.line - 1, character: end.column - 1 },
  };
}

/** A file that is not part of the project (a script) is pointed at as a whole. */
export function toLocation(project: Project, files: Files, place: Place): LspLocation {
  const source = project.trees.get(place.file)?.source;
  return { uri: files.uri(place.file), range: source === undefined ? top : toRange(source, place) };
}

export function toDiagnostic(project: Project, files: Files, one: Shown): LspDiagnostic {
  const source = project.trees.get(resolve(one.file))?.source;
  const help = one.help === undefined ? "" : `\n${one.help}`;
  return {
    range: source === undefined ? top : toRange(source, one),
    severity: severities[one.severity],
    code: one.code,
    source: "tusker",
    message: `${one.message}${help}`,
    relatedInformation: (one.related ?? []).map(({ file, start, end, message }) => ({
      location: toLocation(project, files, { file: resolve(file), start, end }),
      message,
    })),
  };
}

export function toCompletion(source: Source, one: Completion): CompletionItem {
  return {
    label: one.label,
    kind: completionKinds[one.kind],
    filterText: one.label,
    textEdit: { range: toRange(source, one.span), newText: one.text },
    ...(one.detail === undefined ? {} : { detail: one.detail }),
    ...(one.markdown === undefined ? {} : { documentation: { kind: "markdown", value: one.markdown } }),
  };
}

export function toSymbol(source: Source, one: DocumentSymbol): LspSymbol {
  return {
    name: one.name === "" ? '""' : one.name,
    kind: symbolKinds[one.kind],
    range: toRange(source, one.span),
    selectionRange: toRange(source, one.nameSpan),
    children: one.children.map((child) => toSymbol(source, child)),
  };
}

/** Five numbers a token: lines and columns from the token before, length, type, modifiers. A token stays on its line. */
export function toSemanticTokens(source: Source, tokens: readonly SemanticToken[]): SemanticTokens {
  const data: number[] = [];
  let [line, column] = [0, 0];
  for (const { start, end, type } of tokens) {
    for (let at = start; at < end; ) {
      const newline = source.text.indexOf("\n", at);
      const stop = newline < 0 || newline >= end ? end : newline;
      const place = source.at({ start: at, end: at });
      const [nextLine, nextColumn] = [place.line - 1, place.column - 1];
      const length = (source.text[stop - 1] === "\r" ? stop - 1 : stop) - at;
      if (length > 0) {
        data.push(nextLine - line, nextLine === line ? nextColumn - column : nextColumn, length);
        data.push(semanticTypes.indexOf(type), 0);
        [line, column] = [nextLine, nextColumn];
      }
      at = stop + 1;
    }
  }
  return { data };
}

export function toAction(project: Project, files: Files, one: CodeAction): LspAction {
  return {
    title: one.title,
    kind: CodeActionKind.QuickFix,
    edit: { changes: toChanges(project, files, [one.edit]) },
  };
}

/** Edits by URI. */
export function toChanges(
  project: Project,
  files: Files,
  edits: readonly Edit[],
): Record<string, TextEdit[]> {
  const changes: Record<string, TextEdit[]> = {};
  for (const edit of edits) {
    const source = project.trees.get(edit.file)?.source;
    if (source === undefined) continue;
    const uri = files.uri(edit.file);
    const list = changes[uri] ?? [];
    list.push({ range: toRange(source, edit), newText: edit.text });
    changes[uri] = list;
  }
  return changes;
}

const top: Range = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };

const severities = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  information: DiagnosticSeverity.Information,
} as const;

const completionKinds = {
  section: CompletionItemKind.Module,
  key: CompletionItemKind.Property,
  value: CompletionItemKind.EnumMember,
  service: CompletionItemKind.Interface,
  variable: CompletionItemKind.Variable,
  operator: CompletionItemKind.Function,
  reference: CompletionItemKind.Reference,
} as const;

const symbolKinds = {
  section: SymbolKind.Namespace,
  map: SymbolKind.Object,
  list: SymbolKind.Array,
  value: SymbolKind.Property,
  variable: SymbolKind.Variable,
} as const;
