/** A stretch of text: UTF-16 offsets, end exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Where something is written. Line and column count from 1; columns count UTF-16 units, as editors do. */
export interface Location extends Span {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** The layers of a document, lowest first: a higher one overrides a lower one. */
export const layerNames = ["base", "environment", "service", "local", "variable", "set"] as const;

/** Which layer a value was written in. `variable` is `TUSKER__A__B`, `set` is `--set`. */
export type LayerName = (typeof layerNames)[number];

/** The first line of a file without older dialects. What version control writes above it in an unfinished merge is none. */
const strictMarker = /^\ufeff?(?:<{7}[^\n]*\n)?#!tusker 1(?![^\s])/;

/** One text of a document: a file, an environment variable or one `--set`. */
export class Source {
  readonly file: string;
  readonly text: string;
  readonly layer: LayerName;
  /** True when the older dialects are read too: a file that does not begin with `#!tusker 1`. */
  readonly compat: boolean;
  #masks: Span[] = [];
  #lines: readonly number[] | undefined;

  constructor(file: string, text: string, layer: LayerName = "base") {
    this.file = file;
    this.text = text;
    this.layer = layer;
    this.compat = layer !== "variable" && layer !== "set" && !strictMarker.test(text);
  }

  /** The same text read into another layer. What is masked in one is masked in both. */
  inLayer(layer: LayerName): Source {
    const other = new Source(this.file, this.text, layer);
    other.#masks = this.#masks;
    return other;
  }

  /** Where a span is, in lines and columns. */
  at(span: Span): Location {
    const lines = this.#lineStarts();
    const line = lineOf(lines, span.start);
    const column = span.start - (lines[line] ?? 0) + 1;
    return { file: this.file, line: line + 1, column, start: span.start, end: span.end };
  }

  /** A line (from 1) as it is written, with its line end and nothing masked: for what is looked at and not shown. */
  written(number: number): string {
    const lines = this.#lineStarts();
    const start = lines[number - 1];
    return start === undefined ? "" : this.text.slice(start, lines[number] ?? this.text.length);
  }

  /** The text of a line (from 1) without its line end and with secrets masked. */
  line(number: number): string {
    const lines = this.#lineStarts();
    const start = lines[number - 1];
    if (start === undefined) return "";
    const end = lines[number] ?? this.text.length;
    return this.slice({ start, end }).replace(/\r?\n$/, "");
  }

  /** The text of a span with secrets masked. A mask keeps its width, so that columns stay true. */
  slice(span: Span): string {
    let text = this.text.slice(span.start, span.end);
    for (const mask of this.#masks) {
      const start = Math.max(mask.start, span.start) - span.start;
      const end = Math.min(mask.end, span.end) - span.start;
      if (start >= end) continue;
      const hidden = text.slice(start, end).replace(/[^\r\n]/g, "*");
      text = text.slice(0, start) + hidden + text.slice(end);
    }
    return text;
  }

  /** Hides a span from everything that prints this source. */
  mask(span: Span): void {
    this.#masks.push(span);
  }

  /** What is hidden of a span, piece by piece. Never to be shown. */
  hidden(span: Span): readonly string[] {
    return this.#masks.flatMap((mask) => {
      const [start, end] = [Math.max(mask.start, span.start), Math.min(mask.end, span.end)];
      return start < end ? [this.text.slice(start, end)] : [];
    });
  }

  /** The span of a line (from 1), with its line end. */
  lineSpan(number: number): Span {
    const lines = this.#lineStarts();
    const start = lines[number - 1] ?? this.text.length;
    return { start, end: lines[number] ?? this.text.length };
  }

  #lineStarts(): readonly number[] {
    if (this.#lines !== undefined) return this.#lines;
    const lines = [0];
    for (let at = this.text.indexOf("\n"); at >= 0; at = this.text.indexOf("\n", at + 1)) lines.push(at + 1);
    this.#lines = lines;
    return lines;
  }
}

function lineOf(lines: readonly number[], offset: number): number {
  let low = 0;
  let high = lines.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((lines[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
