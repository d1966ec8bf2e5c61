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
  /** The masks in order and apart from each other, as of so many: a file may have a million. */
  #merged: { readonly of: number; readonly spans: readonly Span[] } = { of: 0, spans: [] };
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
    for (const mask of this.#within(span)) {
      const [start, end] = [mask.start - span.start, mask.end - span.start];
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
    return this.#within(span).map(({ start, end }) => this.text.slice(start, end));
  }

  /** The span of a line (from 1), with its line end. */
  lineSpan(number: number): Span {
    const lines = this.#lineStarts();
    const start = lines[number - 1] ?? this.text.length;
    return { start, end: lines[number] ?? this.text.length };
  }

  /** What is masked of a span. */
  #within(span: Span): readonly Span[] {
    if (this.#masks.length === 0) return [];
    if (this.#merged.of !== this.#masks.length)
      this.#merged = { of: this.#masks.length, spans: disjoint(this.#masks) };
    const { spans } = this.#merged;
    const found: Span[] = [];
    for (let at = firstEndingBehind(spans, span.start); at < spans.length; at++) {
      const { start = 0, end = 0 } = spans[at] ?? {};
      if (start >= span.end) break;
      found.push({ start: Math.max(start, span.start), end: Math.min(end, span.end) });
    }
    return found;
  }

  #lineStarts(): readonly number[] {
    if (this.#lines !== undefined) return this.#lines;
    const lines = [0];
    for (let at = this.text.indexOf("\n"); at >= 0; at = this.text.indexOf("\n", at + 1)) lines.push(at + 1);
    this.#lines = lines;
    return lines;
  }
}

function disjoint(masks: readonly Span[]): readonly Span[] {
  const apart: { start: number; end: number }[] = [];
  for (const { start, end } of masks.toSorted((a, b) => a.start - b.start)) {
    const last = apart.at(-1);
    if (start >= end) continue;
    if (last === undefined || last.end < start) apart.push({ start, end });
    else last.end = Math.max(last.end, end);
  }
  return apart;
}

/** Index of the first span that ends behind an offset. */
function firstEndingBehind(spans: readonly Span[], offset: number): number {
  let [low, high] = [0, spans.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((spans[middle]?.end ?? 0) > offset) high = middle;
    else low = middle + 1;
  }
  return low;
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

/** Every line end as LF: all CRs before an LF are part of it, or what is written again would be read as another text. */
export function withLineFeeds(text: string): string {
  return text.includes("\r") ? text.replace(/(?<!\r)\r+\n/g, "\n") : text;
}
