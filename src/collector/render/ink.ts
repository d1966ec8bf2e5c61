/** How a table is drawn. */
export interface RenderOptions {
  /** Columns of the terminal; lines are never longer. */
  readonly width: number;
  /** ANSI colours. Nothing is said by colour alone. */
  readonly color: boolean;
}

/** Paints text, or leaves it as it is. */
export interface Ink {
  dim(text: string): string;
  red(text: string): string;
  bold(text: string): string;
  /** Always the same colour for the same name. */
  service(name: string, text: string): string;
}

const palette = [36, 35, 34, 32, 33, 96, 95, 94, 92, 93] as const;

export function inkOf(color: boolean): Ink {
  const paint = (code: number, text: string): string => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  return {
    dim: (text) => paint(90, text),
    red: (text) => paint(31, text),
    bold: (text) => paint(1, text),
    service: (name, text) => paint(palette[hash(name) % palette.length] ?? 36, text),
  };
}

/** Text from outside, safe to print: a span's name must not be able to steer the terminal. */
export function safe(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, "·");
}

/** Exactly `width` columns: cut with an ellipsis, or filled up. */
export function fit(text: string, width: number): string {
  const units = [...text];
  if (units.length > width) return width <= 0 ? "" : `${units.slice(0, width - 1).join("")}…`;
  return text + " ".repeat(width - units.length);
}

/** At most `width` columns. */
export function cut(text: string, width: number): string {
  return fit(text, width).trimEnd();
}

/** At most `width` columns; what is cut out is the middle, a little more of the end stays. */
export function cutMiddle(text: string, width: number): string {
  const units = [...text];
  if (units.length <= width) return text;
  if (width <= 1) return cut(text, width);
  const end = Math.ceil((width - 1) * 0.6);
  return `${units.slice(0, width - 1 - end).join("")}…${units.slice(-end).join("")}`;
}

/** Three significant digits: 980µs, 42.1ms, 1.25s. */
export function durationText(us: number): string {
  if (us < 1000) return `${Math.round(us)}µs`;
  if (us < 1_000_000) return `${digits(us / 1000)}ms`;
  return us < 60_000_000 ? `${digits(us / 1_000_000)}s` : `${digits(us / 60_000_000)}m`;
}

function digits(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function hash(text: string): number {
  let value = 0;
  for (let i = 0; i < text.length; i++) value = (Math.imul(value, 31) + text.charCodeAt(i)) >>> 0;
  return value;
}
