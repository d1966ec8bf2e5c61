import { tskCodes } from "../codes.ts";
import type { Diagnostic } from "../diagnostic.ts";
import type { Source } from "../source.ts";
import { type Reported, Veil } from "./veil.ts";

/**
 * Keeps secrets out of reports of errors: covers what may be one on the lines that are shown, and no sentence, repair or advice says
 * a word of what is covered. While all lines can be read, those outside the language know what is a secret, and speak for themselves.
 */
export function discretion(reported: Reported): (found: readonly Diagnostic[]) => readonly Diagnostic[] {
  let veil: Veil | undefined;
  let isBroken = false;
  return (diagnostics) => {
    if (diagnostics.length === 0) return diagnostics;
    veil ??= new Veil(reported);
    veil.cover(diagnostics);
    const isOurs = ({ code }: Diagnostic): boolean => Object.hasOwn(tskCodes, code);
    isBroken ||= diagnostics.some((one) => one.severity === "error" && isOurs(one));
    return diagnostics.map((one) => (isBroken || isOurs(one) ? withoutHidden(one, reported.sources) : one));
  };
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
  const general =
    Object.entries(tskCodes).find(([known]) => known === code)?.[1] ?? withoutFound(one.message, words);
  return {
    ...{ code, severity, message: general, file, line, column, start, end },
    ...(related === undefined
      ? {}
      : { related: related.map((other) => ({ ...other, message: "belongs to it" })) }),
    ...(isError || fix === undefined ? {} : { fix }),
  };
}

/** What a room says of a value, without the value. */
function withoutFound(message: string, words: ReadonlySet<string>): string {
  const short = message.replace(/, found [\s\S]*$/, "");
  return tellsOf(short, words) ? untold : short;
}

const untold = "What stands here is not right; it may be a secret, and is not shown.";

/** The same diagnostic without a repair that would write what is hidden: for whoever prints it. */
export function withoutSecretFix(one: Diagnostic, sources: ReadonlyMap<string, Source>): Diagnostic {
  if (one.fix === undefined || !tellsOf(one.fix.text, hiddenWords(one, sources))) return one;
  const { fix: _, ...rest } = one;
  return rest;
}

/** Words that are hidden on the lines of a diagnostic and of the places that belong to it, and where its repair writes. */
function hiddenWords(at: Diagnostic, sources: ReadonlyMap<string, Source>): ReadonlySet<string> {
  const words = [at, ...(at.related ?? [])].flatMap(({ file, line: number, end }) => {
    const source = sources.get(file);
    if (source === undefined) return [];
    const line = source.lineSpan(number);
    return source.hidden({ ...line, end: Math.max(line.end, end) }).flatMap(wordsOf);
  });
  const repaired = at.fix === undefined ? [] : (sources.get(at.file)?.hidden(at.fix) ?? []);
  return new Set([...words, ...repaired.flatMap(wordsOf)]);
}

function tellsOf(text: string, hidden: ReadonlySet<string>): boolean {
  return wordsOf(text).some((word) => hidden.has(word) && !everywhere.has(word));
}

/** Words of every sentence: to find them in one tells nothing. */
const everywhere: ReadonlySet<string> = new Set("a an and as in is it no not of or that the to".split(" "));

function wordsOf(text: string): readonly string[] {
  return text.match(/[\p{L}\d_-]+/gu) ?? [];
}
