import type { Random } from "../../../src/kernel/index.ts";
import { pick, type Slip, type Slipped, shown } from "./pick.ts";

/** Mistakes of more than one character: what editors, clipboards, other languages and version control leave in a file. */
export const habits: Readonly<Record<string, Slip>> = {
  "two lines the wrong way round": (text, _tree, random) =>
    onLine(text, random, (lines, at) =>
      at + 1 < lines.length ? lines.toSpliced(at, 2, lines[at + 1] ?? "", lines[at] ?? "") : undefined,
    ),
  "a line half typed": (text, _tree, random) =>
    onLine(text, random, (lines, at, line) => lines.with(at, line.slice(0, random.below(line.length)))),
  "a line joined with the next": (text, _tree, random) =>
    onLine(text, random, (lines, at, line) =>
      at + 1 < lines.length ? lines.toSpliced(at, 2, `${line} ${lines[at + 1]?.trim()}`) : undefined,
    ),
  "a paste that was cut": (text, _tree, random) => {
    const [from, at] = [random.below(text.length), random.below(text.length + 1)];
    // Of one entry: what holds several is as many mistakes.
    const copy = text.slice(from, from + 3 + random.below(40)).split(/[\n,;]/, 1)[0] ?? "";
    if (copy.trim() === "") return undefined;
    return {
      what: `${JSON.stringify(copy)} before ${shown(text, at)}`,
      text: text.slice(0, at) + copy + text.slice(at),
    };
  },
  "a comma left out": (text, _tree, random) => without(text, ",", random),
  "a quote left out": (text, _tree, random) => without(text, '"', random),
  "a bracket left out": (text, _tree, random) => without(text, pick([..."{}[]()"], random), random),
  "a bracket at the end of a line": (text, _tree, random) => {
    const sign = pick([..."{}[]()"], random);
    return onLine(text, random, (lines, at, line) => lines.with(at, line + sign), sign);
  },
  "a tab for blanks": (text, _tree, random) =>
    onLine(text, random, (lines, at, line) => lines.with(at, line.replace(/^ +| /, "\t"))),
  "line ends of two systems": (text, _tree, random) =>
    onLine(text, random, (lines, at) => lines.map((line, index) => (index < at ? line : `${line}\r`))),
  "markers of a merge": (text, _tree, random) => {
    const count = 1 + random.below(3);
    return onLine(text, random, (lines, at) => {
      // Behind the last line end is no line.
      const ours = lines.slice(at, Math.min(at + count, lines.length - 1));
      const theirs = ours.map((line) => line.replace(/\d+|true/, "7"));
      const both = ["<<<<<<< HEAD", ...ours, "=======", ...theirs, ">>>>>>> feature/limits"];
      return lines.toSpliced(at, ours.length, ...both);
    });
  },
  "curly quotes": (text, _tree, random) => {
    const strings = /"([^"\n]*)"/g;
    const all = [...text.matchAll(strings)];
    if (all.length === 0) return undefined;
    const one = pick(all, random);
    const [open, close] = pick(["“”", "‘’", "„“", '“"', '"”'], random);
    const written = `${open}${one[1]}${close}`;
    const { index } = one;
    return { what: written, text: text.slice(0, index) + written + text.slice(index + one[0].length) };
  },
  "a dash of a word processor": (text, _tree, random) =>
    exchanged(text, "-", pick(["–", "—", "\u00ad"], random), random),
  "a blank that is none": (text, _tree, random) =>
    exchanged(text, " ", pick(["\u00a0", "\u3000", "\u200b", "\ufeff"], random), random),
  "signs of another language": (text, _tree, random) => {
    const [from, to] = pick(foreign, random);
    return exchanged(text, from, to, random);
  },
  "a word of another language": (text, _tree, random) => {
    const [from, to] = pick(words, random);
    return exchanged(text, from, to, random);
  },
  "quotes left out": (text, _tree, random) => {
    const all = [...text.matchAll(/"([^"\n]*)"/g)];
    if (all.length === 0) return undefined;
    const { 0: whole, 1: inner = "", index } = pick(all, random);
    return { what: inner, text: text.slice(0, index) + inner + text.slice(index + whole.length) };
  },
  "a line of prose": (text, _tree, random) =>
    onLine(text, random, (lines, at) => lines.toSpliced(at, 0, pick(prose, random))),
  "a block twice": (text, _tree, random) => {
    const blocks = [...text.matchAll(/^[^\s[].*[{[]\n(?: .*\n)+[}\]]\n/gm)];
    if (blocks.length === 0) return undefined;
    const { 0: block, index } = pick(blocks, random);
    return { what: block.split("\n", 1)[0] ?? "", text: text.slice(0, index) + block + text.slice(index) };
  },
};

/** Mistakes of a file as a whole. */
export const endings: Readonly<Record<string, Slip>> = {
  "the rest of a file missing": (text, _tree, random) => {
    const at = random.below(text.length);
    return { what: shown(text, at), text: text.slice(0, at) };
  },
  "a bracket at the end": (text, _tree, random) => {
    const sign = pick([..."}])"], random);
    return { what: sign, text: `${text}${sign}\n` };
  },
};

const foreign: readonly (readonly [string, string])[] = [
  [":", " =>"],
  [":", " ->"],
  [":", ":="],
  [":", "::"],
  [":", ""],
  [": ", " "],
  [": ", ":"],
  [",", ";"],
  [",", ",,"],
  ['"', "'"],
  ['"', "`"],
  ['"', '""'],
  ["# ", "-- "],
  ["# ", "; "],
  ["[", "[["],
  ["]", "]]"],
  ["{", "{{"],
  ["}", "},"],
  ["}", "};"],
  ["@", "$"],
  ["@", "${"],
  ["\n", ",\n"],
  ["\n", ";\n"],
  ["\n", " \\\n"],
];

const words: readonly (readonly [string, string])[] = [
  ["true", "True"],
  ["true", "yes"],
  ["true", "on"],
  ["true", "tru"],
  ["true", '"true"'],
  ["30s", "30 s"],
  ["0", "O"],
  ["1", "l"],
  ["3", "3,5"],
  ["port", "Port"],
  ["name", "Name"],
  ["timeout", "time out"],
  ["_", " "],
  ["_", "-"],
  ["-", "_"],
];

const prose = [
  "this is the fleet of the shop",
  "TODO add the limits",
  "- port: 80",
  "---",
  "...",
  "</config>",
  "if (x) {",
  "export PORT=80",
  "set timeout 30",
  "====",
  "return true;",
];

/** A change of one line that is not empty; undefined when it changes nothing. */
function onLine(
  text: string,
  random: Random,
  change: (lines: string[], at: number, line: string) => readonly string[] | undefined,
  what = "",
): Slipped | undefined {
  const lines = text.split("\n");
  const at = random.below(lines.length);
  const line = lines[at] ?? "";
  if (line === "") return undefined;
  const changed = change(lines, at, line)?.join("\n");
  return changed === undefined || changed === text
    ? undefined
    : { what: `${what}${what === "" ? "" : " "}line ${at + 1}: ${line}`, text: changed };
}

function without(text: string, sign: string, random: Random): Slipped | undefined {
  return exchanged(text, sign, "", random);
}

/** Another text for one of those that are equal to the first. */
function exchanged(text: string, from: string, to: string, random: Random): Slipped | undefined {
  const places: number[] = [];
  for (let at = text.indexOf(from); at >= 0; at = text.indexOf(from, at + 1)) places.push(at);
  if (places.length === 0) return undefined;
  const at = pick(places, random);
  return {
    what: `${JSON.stringify(to)} for ${JSON.stringify(from)} at ${shown(text, at)}`,
    text: text.slice(0, at) + to + text.slice(at + from.length),
  };
}
