import { resolve } from "node:path";
import { keysAt } from "../../fleet/index.ts";
import { type Diagnostic, didYouMean, fixesTogether, keyText, type Span } from "../../tsk/index.ts";
import type { Edit, Snapshot } from "../snapshot.ts";
import { contextAt } from "../text/context.ts";
import { serviceNames } from "../text/services.ts";
import { variablesOf } from "../text/variables.ts";

/** A repair that is offered for a diagnostic. */
export interface CodeAction {
  readonly title: string;
  readonly code: string;
  readonly edit: Edit;
}

/** The repairs for what is wrong in a stretch of the file; the likeliest of each problem first. */
export function codeActions(snapshot: Snapshot, span: Span): readonly CodeAction[] {
  return snapshot.diagnostics
    .filter((one) => resolve(one.file) === snapshot.file && one.start <= span.end && span.start <= one.end)
    .flatMap((one) => repairs(snapshot, one));
}

/** Every repair the language itself is sure of, for "fix all". None overlaps another: an editor refuses that (LSP 3.17, TextEdit[]). */
export function sureFixes({ diagnostics, file }: Snapshot): readonly Edit[] {
  const own = diagnostics.filter((one) => resolve(one.file) === file);
  return fixesTogether(own).map((fix) => ({ file, ...fix }));
}

function repairs(snapshot: Snapshot, one: Diagnostic): readonly CodeAction[] {
  const { file } = snapshot;
  const action = (title: string, text: string, at: Span = one): CodeAction => ({
    ...{ title, code: one.code, edit: { file, start: at.start, end: at.end, text } },
  });
  if (one.fix !== undefined)
    return [action(one.help ?? `write ${onOneLine(one.fix.text)}`, one.fix.text, one.fix)];
  const word = snapshot.tree.source.text.slice(one.start, one.end);
  const meant = meantBy(snapshot, one, word);
  const actions = meant === undefined ? [] : [action(`change to ${meant.text}`, meant.text, meant.span)];
  if (one.code === "TSK_UNKNOWN_NAME") {
    const known = booleans[word];
    const text = known ?? JSON.stringify(word);
    actions.push(action(known === undefined ? "put it in quotes" : `change to ${known}`, text));
  }
  return actions;
}

/** As a menu shows it. */
function onOneLine(text: string): string {
  const line = text.trim().replace(/\s+/g, " ");
  return line.length > 60 ? `${line.slice(0, 60)}…` : line;
}

const booleans: Readonly<Record<string, string>> = { yes: "true", on: "true", no: "false", off: "false" };

interface Meant {
  readonly text: string;
  readonly span: Span;
}

/** What was probably meant, found again by the code: the candidates are what the place knows. */
function meantBy(snapshot: Snapshot, one: Diagnostic, word: string): Meant | undefined {
  const bare = word.replace(/^["']|["']$/g, "");
  const near = (candidates: Iterable<string>, write: (name: string) => string): Meant | undefined => {
    const name = didYouMean(bare, candidates);
    return name === undefined ? undefined : { text: write(name), span: { start: one.start, end: one.end } };
  };
  switch (one.code) {
    case "FLEET_UNKNOWN_KEY": {
      const path = contextAt(snapshot.tree, one.start).path;
      const known = keysAt([...snapshot.under, ...path.slice(0, -1)]);
      return near(
        known.map((info) => info.name),
        keyText,
      );
    }
    case "FLEET_UNKNOWN_SERVICE":
      return near(serviceNames(snapshot), (name) => JSON.stringify(name));
    case "TSK_UNKNOWN_VARIABLE": {
      const name = didYouMean(word.slice(1), new Set(variablesOf(snapshot.tree).map((v) => v.name)));
      return name === undefined ? undefined : { text: `$${name}`, span: one };
    }
    case "TSK_UNKNOWN_OPERATOR": {
      const written = /^@[\p{L}\d_.-]+/u.exec(word)?.[0] ?? "";
      const name = didYouMean(written.slice(1), Object.keys(snapshot.operators));
      const span = { start: one.start, end: one.start + written.length };
      return name === undefined ? undefined : { text: `@${name}`, span };
    }
    case "TSK_UNKNOWN_NAME":
      return near(visibleFrom(snapshot, one.start), (name) => name);
    default:
      return undefined;
  }
}

function visibleFrom(snapshot: Snapshot, offset: number): ReadonlySet<string> {
  const around = [...snapshot.under, ...contextAt(snapshot.tree, offset).map];
  const names = around.flatMap((_, depth) => snapshot.document.keys(around.slice(0, depth + 1)));
  return new Set([...names, ...snapshot.document.keys([])]);
}
