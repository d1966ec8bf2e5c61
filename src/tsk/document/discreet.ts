import { tskCodes } from "../codes.ts";
import type { Diagnostic } from "../diagnostic.ts";
import { didYouMean } from "../report/suggest.ts";
import type { Source, Span } from "../source.ts";
import { type Data, type Evaluated, isList, isMap } from "../value/data.ts";
import { holdsSecret } from "../value/secret.ts";
import type { Unread } from "./damage.ts";

/** What a report is about. */
export interface Reported {
  readonly sources: ReadonlyMap<string, Source>;
  readonly root: Evaluated;
  readonly unread: readonly Unread[];
}

/**
 * Keeps secrets out of a report of errors. A line that cannot be read has no key of which it were known that it is a secret's: what
 * stands on one behind the name of any key that is a secret in some layer, or behind a name next to it, is hidden. And no
 * sentence, repair or advice says a word of what is hidden.
 */
export function discreet(diagnostics: readonly Diagnostic[], reported: Reported): readonly Diagnostic[] {
  if (diagnostics.length === 0) return diagnostics;
  const { sources, unread } = reported;
  const names = secretNames(reported);
  // Each costs a look at all names.
  const guesses = { left: names.size > mostGuessed ? 0 : 200 };
  if (diagnostics.some((one) => one.severity === "error")) {
    for (const { file, start, end } of unread) hide(sources.get(file), { start, end }, names, guesses);
  }
  for (const { file, line, code } of diagnostics) {
    const source = sources.get(file);
    // What is no path=value is as good as a line that cannot be read.
    if (code === "TSK_OVERRIDE") hide(source, { start: 0, end: source?.text.length ?? 0 }, names, guesses);
    // A code frame shows the line above, too.
    if (source !== undefined) for (const one of [line - 1, line]) hideValue(source, one, names);
  }
  return diagnostics.map((one) => withoutHidden(one, sources));
}

/** Names of keys that are secrets, or are given calls that make one, whatever became of them. */
function secretNames({ sources, root }: Reported): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (data: Data): void => {
    if (isList(data)) for (const item of data.items) visit(item.data);
    if (!isMap(data)) return;
    data.entries.forEach((entry, name) => {
      if (holdsSecret(entry.data)) names.add(name);
      else visit(entry.data);
    });
  };
  visit(root.data);
  let calls = 0;
  for (const { text } of sources.values()) {
    for (const { index } of text.matchAll(/@(?:env\.secure|secret|encrypted)\b/g)) {
      if (++calls > mostCalls) return names;
      const before = text.slice(Math.max(0, index - longestKey), index);
      const name = /([\p{L}\d_-]+)["']?\s*[:=][^:=\n]*$/u.exec(before)?.[1];
      if (name !== undefined) names.add(name);
    }
  }
  return names;
}

/** How many names may be asked which of them is near; and how many calls are looked at for their keys. */
const [mostGuessed, mostCalls] = [1000, 20_000];

interface Guesses {
  left: number;
}

/** How far before a call its key is looked for. */
const longestKey = 200;

/** How much of a lost stretch is looked at. */
const longestLost = 100_000;

/**
 * Hides what stands behind the first word of a line that is one of these names, or nearly so, and the lines below it up to the next
 * such line: its value may go on there.
 */
function hide(source: Source | undefined, span: Span, names: ReadonlySet<string>, guesses: Guesses): void {
  if (source === undefined) return;
  const text = source.text.slice(span.start, Math.min(span.end, span.start + longestLost));
  let at = span.start;
  let goesOn = false;
  for (const line of text.split("\n")) {
    const from = behindName(line, names, guesses);
    if (from !== undefined && !isCall.test(line.slice(from)))
      source.mask({ start: at + from, end: at + line.length });
    else if (from === undefined && goesOn) source.mask({ start: at, end: at + line.length });
    goesOn ||= from !== undefined;
    at += line.length + 1;
  }
}

/** A name that says so itself. */
const telling = /pass(?:word|wd|phrase)|secret|credential|token$|(?:api|access|private|secret)[_-]?key$/i;

/** Hides what stands behind the name of a secret, on a line that is shown, whatever it is: a value, or a comment. */
function hideValue(source: Source, number: number, names: ReadonlySet<string>): void {
  const { start, end } = source.lineSpan(number);
  if (end - start > longestLost) return;
  const from = behindExact(source.text.slice(start, end), names);
  // What is called is no plain text, and its name is what there is to repair.
  if (from !== undefined && !/^["']?\s*[:=]\s*["']?@/.test(source.text.slice(start + from, end)))
    source.mask({ start: start + from, end });
  if (from !== undefined || number < 2) return;
  // A key that ends its line may have its value on this one.
  const above = source.lineSpan(number - 1);
  if (above.end - above.start > longestLost) return;
  const text = source.text.slice(above.start, above.end);
  const behind = behindExact(text, names);
  if (behind !== undefined && !/[\p{L}\d]/u.test(text.slice(behind))) source.mask({ start, end });
}

function behindExact(line: string, names: ReadonlySet<string>): number | undefined {
  for (const { 0: word, index } of line.matchAll(/[\p{L}\d_-]+/gu))
    if (names.has(word)) return index + word.length;
  return undefined;
}

/** Its own calls say where a secret is, not what it is; their defaults are hidden already. */
const isCall = /^["']?\s*[:=]\s*@(?:env\.secure|secret|encrypted)\b/;

function behindName(line: string, names: ReadonlySet<string>, guesses: Guesses): number | undefined {
  for (const { 0: word, index } of line.matchAll(/[\p{L}\d_-]+/gu))
    if (
      names.has(word) ||
      telling.test(word) ||
      (guesses.left-- > 0 && didYouMean(word, names) !== undefined)
    )
      return index + word.length;
  return undefined;
}

/**
 * A diagnostic that says something of what is hidden on its line, in general words. A repair of what is read all the same stays: it
 * is for tools, see `withoutSecretFix`.
 */
function withoutHidden(one: Diagnostic, sources: ReadonlyMap<string, Source>): Diagnostic {
  const words = hiddenWords(one, sources);
  if (words.size === 0) return one;
  const { file, line, column, start, end, code, severity, related, fix } = one;
  const said = [one.message, one.help ?? "", ...(related ?? []).map(({ message }) => message)];
  const isError = severity === "error";
  if (isError && fix !== undefined) said.push(fix.text);
  if (!said.some((text) => tellsOf(text, words))) return one;
  const general = Object.entries(tskCodes).find(([known]) => known === code)?.[1] ?? "A secret is not right.";
  return {
    ...{ code, severity, message: general, file, line, column, start, end },
    ...(related === undefined
      ? {}
      : { related: related.map((other) => ({ ...other, message: "belongs to it" })) }),
    ...(isError || fix === undefined ? {} : { fix }),
  };
}

/** The same diagnostic without a repair that would write what is hidden: for whoever prints it. */
export function withoutSecretFix(one: Diagnostic, sources: ReadonlyMap<string, Source>): Diagnostic {
  if (one.fix === undefined || !tellsOf(one.fix.text, hiddenWords(one, sources))) return one;
  const { fix: _, ...rest } = one;
  return rest;
}

/** Words that are hidden on the lines of a diagnostic and of the places that belong to it. */
function hiddenWords(at: Diagnostic, sources: ReadonlyMap<string, Source>): ReadonlySet<string> {
  const words = [at, ...(at.related ?? [])].flatMap(({ file, line: number, end }) => {
    const source = sources.get(file);
    if (source === undefined) return [];
    const line = source.lineSpan(number);
    return source.hidden({ ...line, end: Math.max(line.end, end) }).flatMap(wordsOf);
  });
  return new Set(words);
}

function tellsOf(text: string, hidden: ReadonlySet<string>): boolean {
  return wordsOf(text).some((word) => hidden.has(word) && !everywhere.has(word));
}

/** Words of every sentence: to find them in one tells nothing. */
const everywhere: ReadonlySet<string> = new Set("a an and as in is it no not of or that the to".split(" "));

function wordsOf(text: string): readonly string[] {
  return text.match(/[\p{L}\d_-]+/gu) ?? [];
}
