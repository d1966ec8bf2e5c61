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
