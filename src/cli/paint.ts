/** ANSI colours, or none. */
export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
  /** The same colour for the same place in a list, so that a service keeps its colour. */
  nth(index: number, text: string): string;
}

const wheel = [36, 35, 33, 32, 34, 96, 95, 93, 92, 94];

export function paintFor(colour: boolean): Paint {
  const code =
    (open: number, close: number) =>
    (text: string): string =>
      colour ? `\u001b[${open}m${text}\u001b[${close}m` : text;
  return {
    bold: code(1, 22),
    dim: code(2, 22),
    red: code(31, 39),
    green: code(32, 39),
    yellow: code(33, 39),
    cyan: code(36, 39),
    nth: (index, text) => code(wheel[index % wheel.length] ?? 36, 39)(text),
  };
}

/** "1 route", "2 routes". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const control = /\u001b\[[0-9;?]*[A-Za-ln-z]|\u001b(?:[^\[]|$)|[\p{Cc}--[\t\n\u001b]]/gv;

/** A line a service wrote, with its colours but without what would move the cursor, clear the screen or ring. */
export function harmless(text: string): string {
  return text.replace(control, "");
}
