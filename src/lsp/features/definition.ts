import { existsSync, statSync } from "node:fs";
import { dirname, matchesGlob, relative, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { kind, type Path, parsePath } from "../../tsk/index.ts";
import type { Place, Snapshot } from "../snapshot.ts";
import { type Context, contextAt } from "../text/context.ts";
import { callsIn, writtenIn } from "../text/entries.ts";
import { serviceAt, servicePlaces } from "../text/services.ts";
import { covers, variableAt } from "../text/variables.ts";

/** Where the thing at a place is written: a variable, a service, a key that is referred to, a file. */
export function definition(snapshot: Snapshot, offset: number): readonly Place[] {
  const { tree, file } = snapshot;
  const variable = variableAt(tree, offset);
  if (variable !== undefined) return [{ file, ...variable.set }];
  const service = serviceAt(snapshot, offset);
  if (service !== undefined)
    return servicePlaces(snapshot).filter((one) => one.name === service.name && one.role === "key");
  const context = contextAt(tree, offset);
  if (context.token === undefined) return [];
  if (context.part === "value") {
    const other = inOtherFile(snapshot, context, offset);
    if (other !== undefined) return other;
    const found = filesNamed(snapshot, context);
    if (found.length > 0) return found.map((one) => ({ file: one, start: 0, end: 0 }));
    return context.token.kind === kind.name ? referred(snapshot, context) : [];
  }
  return context.part === "key" ? writers(snapshot, [...snapshot.under, ...context.path]) : [];
}

/** `@name.tsk.get("a.b")`: on its path, the key in the other file; on the operator, that file. */
function inOtherFile(snapshot: Snapshot, context: Context, offset: number): readonly Place[] | undefined {
  const { tree } = snapshot;
  const call = callsIn(tree).find((one) => one.name.endsWith(".tsk.get") && covers(one, offset));
  if (call === undefined) return undefined;
  const file = resolve(dirname(snapshot.file), call.name.slice(0, -".get".length));
  const other = snapshot.trees.get(file);
  if (other === undefined) return existsSync(file) ? [{ file, start: 0, end: 0 }] : [];
  const path = call.args?.find(({ name }) => name === undefined || name === "path")?.value;
  if (path?.kind !== "text" || context.token === undefined || !covers(path, offset))
    return [{ file, start: 0, end: 0 }];
  const keys = parsePath(path.value) ?? [];
  const written = [...writtenIn(other)].find((one) => isDeepStrictEqual(one.path, keys));
  return written === undefined ? [] : [{ file, start: written.span.start, end: written.span.end }];
}

/** Every place that means what is at a place: where it is written, and where it is used. */
export function references(snapshot: Snapshot, offset: number): readonly Place[] {
  const { tree, file } = snapshot;
  const variable = variableAt(tree, offset);
  if (variable !== undefined) return [variable.set, ...variable.uses].map((span) => ({ file, ...span }));
  const service = serviceAt(snapshot, offset);
  return service === undefined ? [] : servicePlaces(snapshot).filter((one) => one.name === service.name);
}

/** The layers that give this key its value, the winner first. */
function writers({ document }: Snapshot, path: Path): readonly Place[] {
  return document.origin(path).map(({ file, start, end }) => ({ file: resolve(file), start, end }));
}

/** The key that a bare word means: in the map around, or in those around that. */
function referred(snapshot: Snapshot, context: Context): readonly Place[] {
  const chain = chainTo(snapshot, context);
  const around = [...snapshot.under, ...context.map];
  for (let depth = around.length; depth >= 0; depth--) {
    const path = [...around.slice(0, depth), ...chain];
    const found = snapshot.document.locate(path, "key");
    if (found?.exact === true) return [{ file: resolve(found.file), start: found.start, end: found.end }];
  }
  return [];
}

/** `a.b.c` up to the word looked at. */
function chainTo({ tree }: Snapshot, { token }: Context): readonly string[] {
  if (token === undefined) return [];
  const { tokens, source } = tree;
  const names: string[] = [];
  for (let index = token.index; ; index -= 2) {
    names.unshift(source.text.slice(tokens.start(index), tokens.end(index)));
    if (tokens.kind(index - 1) !== kind.dot || tokens.kind(index - 2) !== kind.name) return names;
  }
}

const fileOperators = /^(?:include|import|file|json|yaml|toml)(?:\.|$)/;

/** The files that a string names: an include, all that match a pattern, a file that is read, the script of a `run`. */
function filesNamed(snapshot: Snapshot, { token, call, path }: Context): readonly string[] {
  if (token === undefined || (token.kind !== kind.string && token.kind !== kind.raw)) return [];
  const text = snapshot.tree.source.text.slice(token.start + 1, token.end - 1);
  const included = call === undefined ? wordBefore(snapshot, token.index) : call.name;
  if (fileOperators.test(included))
    return isPattern.test(text) ? matching(snapshot, text) : existing(dirname(snapshot.file), text);
  const [section, , key] = path;
  if (section !== "services" || path.length !== 3) return [];
  const root = dirname(snapshot.entry);
  if (key === "schema") return existing(root, text);
  return key === "run"
    ? text
        .split(/\s+/)
        .flatMap((word) => existing(root, word))
        .slice(0, 1)
    : [];
}

const isPattern = /[*?]/;

/** The files that an include with a pattern has brought. */
function matching({ file, trees }: Snapshot, pattern: string): readonly string[] {
  const folder = dirname(file);
  return [...trees.keys()].filter((one) => one !== file && matchesGlob(relative(folder, one), pattern));
}

/** The name in front of a token: `include` of `@include "x.tsk"`. */
function wordBefore({ tree }: Snapshot, index: number): string {
  const { tokens, source } = tree;
  const at = tokens.kind(index - 1) === kind.space ? index - 2 : index - 1;
  return tokens.kind(at) === kind.name ? source.text.slice(tokens.start(at), tokens.end(at)) : "";
}

function existing(folder: string, name: string): readonly string[] {
  const file = resolve(folder, name);
  return existsSync(file) && statSync(file).isFile() ? [file] : [];
}
