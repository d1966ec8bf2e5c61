import type { Diagnostic } from "../diagnostic.ts";
import type { Document, Path } from "../document/document.ts";
import type { Location } from "../source.ts";
import { type RenderOptions, renderDiagnostics } from "./frame.ts";

/** A problem found outside the language, for example by a schema: a path and a sentence. */
export interface OutsideProblem {
  readonly path: Path;
  readonly code: string;
  readonly message: string;
  readonly help?: string;
  readonly severity?: "error" | "warning";
  /** What is underlined: the value (default), or the key, for example when it is unknown. */
  readonly part?: "key" | "value";
  /** What would make it right if it were there. Where a part of the document cannot be read, it may be. */
  readonly unless?: readonly Path[];
  /** Other places with the same cause. */
  readonly also?: readonly {
    readonly path: Path;
    readonly part?: "key" | "value";
    readonly message: string;
  }[];
}

/**
 * Gives a problem its place: the winning value, with the places it overrode as related ones. A path that is missing
 * points at the key of its nearest parent.
 */
export function problemAt(document: Document, found: OutsideProblem): Diagnostic {
  // The pieces of a map are merged; none overrides another.
  const merged = document.keys(found.path).length > 0;
  const overridden = merged ? [] : document.origin(found.path).slice(1);
  const related = [
    ...overridden.map((one) => ({ ...placeOf(one), message: `overrides ${one.text}` })),
    ...(found.also ?? []).map(({ path, part, message }) => ({ ...placeAt(document, path, part), message })),
  ];
  return {
    code: found.code,
    severity: found.severity ?? "error",
    message: found.message,
    ...placeAt(document, found.path, found.part),
    ...(found.help === undefined ? {} : { help: found.help }),
    ...(related.length === 0 ? {} : { related }),
  };
}

function placeAt(document: Document, path: Path, part: "key" | "value" = "value"): Location {
  const exact = document.locate(path, part);
  const at = exact?.exact === false ? document.locate(path, "key") : exact;
  return at === undefined ? nowhere : placeOf(at);
}

/** As `problemAt`, written for a person with its code frame. */
export function frame(document: Document, found: OutsideProblem, options: RenderOptions = {}): string {
  return renderDiagnostics([problemAt(document, found)], document.sources, options);
}

const nowhere: Location = { file: "", line: 1, column: 1, start: 0, end: 0 };

function placeOf(at: Location): Location {
  return { file: at.file, line: at.line, column: at.column, start: at.start, end: at.end };
}
