import type { TskCode } from "./codes.ts";
import type { Location, Source, Span } from "./source.ts";

/**
 * One problem, located. `code` is one of `tskCodes`, or a code of the room that found it. Plain data: safe to print
 * as JSON, it never contains the value of a secret.
 */
export interface Diagnostic extends Location {
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly message: string;
  /** What to do next, one sentence. */
  readonly help?: string;
  /** Other places that belong to the problem: the first definition, an overridden layer. */
  readonly related?: readonly Related[];
  /** What an editor or `migrate` may do about it without asking. */
  readonly fix?: Fix;
}

/**
 * A repair of the same file: `text` takes the place of a span, given in UTF-16 offsets. Repairs of things inside one
 * another overlap: apply the outer one, read again, go on.
 */
export interface Fix extends Span {
  readonly text: string;
}

/** Another place that belongs to a problem. */
export interface Related extends Location {
  readonly message: string;
}

/** What may be added to a problem when it is reported. */
export interface ProblemNotes {
  readonly help?: string;
  readonly related?: readonly Related[];
  readonly fix?: Fix;
}

/** Makes an error of the language at a span of a source. */
export function problem(
  source: Source,
  span: Span,
  code: TskCode,
  message: string,
  notes: ProblemNotes = {},
): Diagnostic {
  return { code, severity: "error", message, ...source.at(span), ...notes };
}

/** As `problem`, for what is read all the same. */
export function warning(
  source: Source,
  span: Span,
  code: TskCode,
  message: string,
  notes: ProblemNotes = {},
): Diagnostic {
  return { ...problem(source, span, code, message, notes), severity: "warning" };
}

/** By file in the order given, then by place; equal problems once. */
export function inOrder(diagnostics: readonly Diagnostic[], files: readonly string[]): Diagnostic[] {
  const rank = new Map(files.map((file, index) => [file, index]));
  const seen = new Set<string>();
  return diagnostics
    .filter((one) => {
      const key = `${one.file}\0${one.start}\0${one.code}\0${one.message}`;
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    })
    .sort((a, b) => (rank.get(a.file) ?? 0) - (rank.get(b.file) ?? 0) || a.start - b.start);
}

/**
 * Errors together with the warnings about what they are errors of: a value that is read the old way, and that is wrong as
 * it was read, is one mistake.
 */
export function withWarnings(
  errors: readonly Diagnostic[],
  warnings: readonly Diagnostic[],
): readonly Diagnostic[] {
  const explained = new Set<Diagnostic>();
  const told = errors.map((error) => {
    const places = [error, ...(error.related ?? [])];
    const read = warnings.filter(
      (one) =>
        isOldCallOf(one, error) ||
        (one.code === "TSK_OLD_EMPTY" && places.some((place) => isRightBehind(one, place))) ||
        (readings.has(one.code) && (isOfKey(one, error) || places.some((place) => isWithin(one, place)))),
    );
    if (read.length === 0) return error;
    for (const one of read) explained.add(one);
    const help = error.help ?? read.find((one) => one.help !== undefined)?.help;
    const related = [...(error.related ?? []), ...read.map(asRelated)];
    return { ...error, ...(help === undefined ? {} : { help }), related };
  });
  return [...warnings.filter((one) => !explained.has(one)), ...told];
}

/** Warnings that say which value was read. */
const readings: ReadonlySet<string> = new Set<TskCode>([
  "TSK_OLD_WORD",
  "TSK_OLD_EMPTY",
  "TSK_OLD_LINES",
  "TSK_OLD_BOOLEAN",
  "TSK_OLD_SECTION",
  "TSK_OLD_COLON",
  "TSK_OLD_ENV",
  "TSK_OLD_CHAIN",
  "TSK_OLD_REF",
  "TSK_OLD_PAIR",
]);

/** True for the value of a key that is wrong itself. */
function isOfKey(value: Diagnostic, { code, file, line, end }: Diagnostic): boolean {
  return code === "FLEET_UNKNOWN_KEY" && value.file === file && value.line === line && value.start >= end;
}

/**
 * True for the `@` that a call lacks which is wrong itself, or which a sign has parted from its name: an operator that does
 * not exist is one with or without it.
 */
function isOldCallOf({ code, file, start }: Diagnostic, error: Diagnostic): boolean {
  if (code !== "TSK_OLD_CALL" || error.file !== file) return false;
  return error.start === start || error.end === start || error.end + 1 === start;
}

/** A problem as a place that belongs to another one. */
export function asRelated({ file, line, column, start, end, message }: Diagnostic): Related {
  return { file, line, column, start, end, message };
}

/** True for the value of a key, which is missing. */
function isRightBehind(value: Location, key: Location): boolean {
  return value.file === key.file && value.start >= key.end && value.start <= key.end + 2;
}

function isWithin(inner: Location, { file, start, end }: Location): boolean {
  return inner.file === file && inner.start >= start && inner.end <= Math.max(end, start);
}
