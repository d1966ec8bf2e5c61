import type { Diagnostic } from "../diagnostic.ts";
import type { Location, Source } from "../source.ts";
import { blankOf, columnsOf } from "./columns.ts";
import { type Paint, painter } from "./paint.ts";

/** How diagnostics are written for a person. */
export interface RenderOptions {
  /** ANSI colours; default false. */
  readonly colour?: boolean;
}

/**
 * Writes diagnostics for a person: place, code, sentence, the line with the span underlined, related places, help.
 * Secrets in the lines are masked.
 *
 * @param sources `document.sources`; a file that is not among them gets no code frame.
 */
export function renderDiagnostics(
  diagnostics: readonly Diagnostic[],
  sources: ReadonlyMap<string, Source>,
  options: RenderOptions = {},
): string {
  const paint = painter(options.colour === true);
  return diagnostics.map((one) => renderOne(one, sources, paint)).join("\n");
}

function renderOne(one: Diagnostic, sources: ReadonlyMap<string, Source>, paint: Paint): string {
  const tone = one.severity === "error" ? paint.red : paint.yellow;
  const lines = [
    `${paint.bold(place(one))} ${tone(`${one.severity} ${one.code}`)} ${one.message}`,
    ...frameOf(one, sources, paint, tone),
  ];
  for (const other of one.related ?? []) lines.push(`  ${paint.dim(`${place(other)} ${other.message}`)}`);
  if (one.help !== undefined) lines.push(`  ${paint.cyan("help:")} ${one.help}`);
  return `${lines.join("\n")}\n`;
}

function place(at: Location): string {
  return `${at.file}:${at.line}:${at.column}`;
}

function frameOf(
  at: Location,
  sources: ReadonlyMap<string, Source>,
  paint: Paint,
  tone: (text: string) => string,
): string[] {
  const source = sources.get(at.file);
  if (source === undefined || source.text === "") return [];
  const { text, before, marked } = window(source.line(at.line), at);
  const number = String(at.line);
  const gutter = (label: string): string => paint.dim(` ${label.padStart(number.length)} | `);
  const above = at.line > 1 ? cut(source.line(at.line - 1)) : "";
  const lines = above.trim() === "" ? [] : [`${gutter(String(at.line - 1))}${above}`];
  lines.push(
    `${gutter(number)}${text}`,
    `${gutter("")}${blankOf(before)}${tone("^".repeat(Math.max(1, columnsOf(marked))))}`,
  );
  return lines;
}

const maxLine = 100;

/** The part of a line that is shown, what of it stands before the mark and what is marked: a minified file has one line of a megabyte. */
function window(line: string, at: Location): { text: string; before: string; marked: string } {
  const column = at.column - 1;
  const from = column > maxLine - 20 ? whole(line, column - 40) : 0;
  const to = whole(line, from + maxLine);
  const shown = printable(line.slice(from, to));
  const lead = from > 0 ? "…" : "";
  const tail = to < line.length ? "…" : "";
  const before = shown.slice(0, column - from);
  const marked = shown.slice(column - from, column - from + at.end - at.start);
  return { text: lead + shown + tail, before: lead + before, marked };
}

/** The offset, moved off the middle of a character of two units. */
function whole(text: string, offset: number): number {
  return offset > 0 && offset < text.length && (text.codePointAt(offset - 1) ?? 0) > 0xffff
    ? offset - 1
    : offset;
}

function cut(line: string): string {
  return printable(line.length > maxLine ? `${line.slice(0, whole(line, maxLine))}…` : line);
}

/** Control characters in a file must not reach the terminal: they could rewrite what is on it. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "·");
}
