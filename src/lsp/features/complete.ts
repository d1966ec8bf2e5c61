import { keyAt, keysAt } from "../../fleet/index.ts";
import { keyText, kind, type Span } from "../../tsk/index.ts";
import type { Snapshot } from "../snapshot.ts";
import { type Context, contextBefore, tokenAt } from "../text/context.ts";
import { namesService, serviceNames } from "../text/services.ts";
import { covers, variablesOf } from "../text/variables.ts";
import { describe, signatureOf } from "./hover.ts";

/** One proposal: `text` takes the place of `span`. */
export interface Completion {
  readonly label: string;
  readonly kind: "section" | "key" | "value" | "service" | "variable" | "operator" | "reference";
  readonly span: Span;
  readonly text: string;
  readonly detail?: string;
  readonly markdown?: string;
}

/**
 * What may be written at a place; the editor narrows the list down as the word grows. Of the document it asks for names
 * only: a draft will do.
 */
export function complete(snapshot: Snapshot, offset: number): readonly Completion[] {
  const context = contextBefore(snapshot.tree, offset);
  switch (context.part) {
    case "section":
      return sections(snapshot, context, offset);
    case "key":
      return keys(snapshot, context, offset);
    case "value":
      return values(snapshot, context, offset);
    case "none":
      return [];
  }
}

function sections(snapshot: Snapshot, context: Context, offset: number): readonly Completion[] {
  const span = wordSpan(context, offset);
  const around = context.token === undefined ? context.path : context.path.slice(0, -1);
  return namesIn(snapshot, [...snapshot.under, ...around]).map(({ name, ...more }) => ({
    ...{ label: name, kind: "section", span, text: keyText(name), ...more },
  }));
}

function keys(snapshot: Snapshot, context: Context, offset: number): readonly Completion[] {
  const { token, map } = context;
  // `a.b|` writes a key of `a`; after a blank there is no key to complete.
  const behind = token === undefined ? context.path.length : context.path.length - 1;
  if (token === undefined && context.path.length > map.length && !afterDot(snapshot, offset)) return [];
  const around = [...snapshot.under, ...context.path.slice(0, behind)];
  const span = wordSpan(context, offset);
  const header = snapshot.fleet && around.length === 0;
  return namesIn(snapshot, around).map(({ name, ...more }) => ({
    ...{ label: name, kind: header ? "section" : "key", span, ...more },
    text: header ? `[${keyText(name)}]` : `${keyText(name)}: `,
  }));
}

interface Named {
  readonly name: string;
  readonly detail?: string;
  readonly markdown?: string;
}

/** The keys a map may have, by its section and by what other layers write there. */
function namesIn({ fleet, document }: Snapshot, path: readonly string[]): readonly Named[] {
  const known = fleet ? keysAt(path) : [];
  const named = new Map<string, Named>(
    known.map((info) => [info.name, { name: info.name, detail: info.type, markdown: describe(info) }]),
  );
  for (const name of document.keys(path)) if (!named.has(name)) named.set(name, { name });
  return [...named.values()];
}

function values(snapshot: Snapshot, context: Context, offset: number): readonly Completion[] {
  const { tree } = snapshot;
  const before = tree.tokens.kind(tokenAt(tree, Math.max(0, offset - 1)));
  if (context.token?.kind === kind.variable) return variables(snapshot, offset, wordSpan(context, offset));
  if (inOperator(snapshot, context) || before === kind.at) return operatorNames(snapshot, offset);
  if (isString(context)) return quotedValues(snapshot, context, offset);
  const span = wordSpan(context, offset);
  if (chainBefore(snapshot, span.start).length > 0) return references(snapshot, context, offset, span);
  return [
    ...fixedValues(snapshot, context, span),
    ...references(snapshot, context, offset, span),
    ...variables(snapshot, offset, span),
    ...(context.token === undefined ? operatorNames(snapshot, offset) : []),
  ];
}

/** The only values a key takes, and names of services where one is wanted; written with their quotes. */
function fixedValues(snapshot: Snapshot, context: Context, span: Span): readonly Completion[] {
  if (wantsService(snapshot, context))
    return serviceNames(snapshot).map((name) => ({ label: name, kind: "service", span, text: `"${name}"` }));
  if (!snapshot.fleet || context.nested) return [];
  const path = [...snapshot.under, ...context.path];
  return (keyAt(path)?.values ?? []).map((value) => ({
    ...{ label: String(value), kind: "value", span, text: JSON.stringify(value) },
  }));
}

/** As `fixedValues`, between quotes that are there already. */
function quotedValues(snapshot: Snapshot, context: Context, offset: number): readonly Completion[] {
  const { token } = context;
  if (token === undefined) return [];
  const inner = {
    start: token.start + 1,
    end: Math.max(offset, token.kind === kind.broken ? offset : token.end - 1),
  };
  return fixedValues(snapshot, context, inner)
    .filter((one) => one.text.startsWith('"'))
    .map((one) => ({ ...one, text: one.label }));
}

function wantsService(snapshot: Snapshot, { path, call, nested }: Context): boolean {
  if (!snapshot.fleet) return false;
  return call === undefined ? !nested && namesService([...snapshot.under, ...path]) : call.name === "service";
}

function variables({ tree }: Snapshot, offset: number, span: Span): readonly Completion[] {
  return variablesOf(tree)
    .filter((one) => covers(one.scope, offset))
    .map(({ name }) => ({ label: `$${name}`, kind: "variable", span, text: `$${name}` }));
}

function operatorNames({ tree, operators }: Snapshot, offset: number): readonly Completion[] {
  const { text } = tree.source;
  const typed = /@[\p{L}\d_.-]*$/u.exec(text.slice(Math.max(0, offset - 60), offset))?.[0] ?? "";
  const span = { start: offset - typed.length, end: offset };
  return Object.keys(operators).map((name) => ({
    ...{ label: `@${name}`, kind: "operator", span, text: `@${name}` },
    detail: signatureOf(name, operators) ?? "",
  }));
}

/** Keys that a bare word can mean here: those of the maps around, nearest first; or those below `a.b.`. */
function references(snapshot: Snapshot, context: Context, offset: number, span: Span): readonly Completion[] {
  const around = [...snapshot.under, ...context.map];
  const chain = chainBefore(snapshot, context.token?.start ?? offset);
  const found = new Map<string, Completion>();
  for (let depth = around.length; depth >= 0; depth--) {
    for (const name of snapshot.document.keys([...around.slice(0, depth), ...chain])) {
      const label = keyText(name);
      // A key that is no name can only be reached by `map["key"]`.
      if (label === name && !found.has(name))
        found.set(name, { label, kind: "reference", span, text: label });
    }
    if (chain.length > 0 && found.size > 0) break;
  }
  return [...found.values()].slice(0, most);
}

/** Proposals of one kind at most: an editor shows a dozen. */
const most = 500;

/** The names before a dot: `a.b.` gives a and b. */
function chainBefore({ tree }: Snapshot, start: number): readonly string[] {
  const typed = /(?:[\p{L}_][\p{L}\d_-]*\.)+$/u.exec(tree.source.text.slice(Math.max(0, start - 200), start));
  return typed === null ? [] : typed[0].slice(0, -1).split(".");
}

function afterDot({ tree }: Snapshot, offset: number): boolean {
  return tree.source.text[offset - 1] === ".";
}

function inOperator({ tree }: Snapshot, { token }: Context): boolean {
  if (token?.kind !== kind.name) return false;
  let index = token.index;
  while (tree.tokens.kind(index - 1) === kind.dot && tree.tokens.kind(index - 2) === kind.name) index -= 2;
  return tree.tokens.kind(index - 1) === kind.at;
}

function isString({ token }: Context): boolean {
  return token?.kind === kind.string || token?.kind === kind.raw || token?.kind === kind.broken;
}

function wordSpan({ token }: Context, offset: number): Span {
  return token === undefined ? { start: offset, end: offset } : { start: token.start, end: token.end };
}
