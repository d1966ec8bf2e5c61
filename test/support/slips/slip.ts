import { type Random, seededRandom } from "../../../src/kernel/index.ts";
import { kind, parse, type Tree } from "../../../src/tsk/index.ts";
import { endings, habits } from "./habits.ts";
import { pick, type Slip, type Slipped, shown } from "./pick.ts";

/** Signs that are typed too many or for another. */
const signs = [..."{}[]()\"':=,@$<>#?!+\n~&.-/*|\\ ", "x", "1"];
/** Between two lines they make one expression of both. */
const operators = "*?<>+-/|&=!";

const slips: Readonly<Record<string, Slip>> = {
  "a character left out": (text, _tree, random) => {
    const at = random.below(text.length);
    return { what: shown(text, at), text: text.slice(0, at) + text.slice(at + 1) };
  },
  "a character too many": (text, _tree, random) => {
    const at = random.below(text.length + 1);
    const sign = pick(signs, random);
    return {
      what: `${JSON.stringify(sign)} before ${shown(text, at)}`,
      text: text.slice(0, at) + sign + text.slice(at),
    };
  },
  "a character for another": (text, _tree, random) => {
    const at = random.below(text.length);
    const sign = pick(signs, random);
    if (text[at] === "\n" && operators.includes(sign)) return undefined;
    return {
      what: `${JSON.stringify(sign)} for ${shown(text, at)}`,
      text: text.slice(0, at) + sign + text.slice(at + 1),
    };
  },
  "two characters the wrong way round": (text, _tree, random) => {
    const at = random.below(text.length);
    const pair = text.slice(at, at + 2);
    // Over the end of a line that is a slip on each of two lines.
    if (pair.length < 2 || pair.includes("\n")) return undefined;
    return { what: shown(text, at), text: `${text.slice(0, at)}${pair[1]}${pair[0]}${text.slice(at + 2)}` };
  },
  "a token left out": (text, tree, random) => {
    const { start, end } = token(tree, random);
    return { what: JSON.stringify(text.slice(start, end)), text: text.slice(0, start) + text.slice(end) };
  },
  "a token twice": (text, tree, random) => {
    const { start, end } = token(tree, random);
    const word = text.slice(start, end);
    return { what: JSON.stringify(word), text: text.slice(0, end) + word + text.slice(end) };
  },
  "a letter wrong in a word": (text, tree, random) => {
    const { start, end } = token(tree, random);
    if (!/^["']?\p{L}[\s\S]{2}/u.test(text.slice(start, end))) return undefined;
    const at = start + 1 + random.below(end - start - 2);
    const letter = pick([..."abcdefghijklmnopqrstuvwxyz", ""], random);
    return {
      what: `${JSON.stringify(letter)} for ${shown(text, at)}`,
      text: text.slice(0, at) + letter + text.slice(at + 1),
    };
  },
  "a line left out": (text, _tree, random) => {
    const lines = text.split("\n");
    const at = random.below(lines.length);
    const line = lines[at] ?? "";
    return { what: line, text: lines.toSpliced(at, 1).join("\n") };
  },
  "a line twice": (text, _tree, random) => {
    const lines = text.split("\n");
    const at = random.below(lines.length);
    const line = lines[at] ?? "";
    return { what: line, text: lines.toSpliced(at, 0, line).join("\n") };
  },
};

/**
 * So many slips, of all kinds, in the given texts by turns; the same for the same seed.
 *
 * @param of what the texts are: a part of a file does not break off
 */
export function* slipsIn(
  texts: readonly string[],
  count: number,
  seed: number,
  of: "files" | "blocks" = "files",
): Iterable<Slipped & { readonly of: string }> {
  const random = seededRandom(seed);
  const trees = new Map(texts.map((text) => [text, parse(text)]));
  const kinds = Object.entries({ ...slips, ...habits, ...(of === "files" ? endings : {}) });
  for (let made = 0; made < count; ) {
    const [text, tree] = pick([...trees], random);
    const [name, slip] = pick(kinds, random);
    const slipped = slip(text, tree, random);
    if (slipped === undefined) continue;
    made++;
    yield { of: text, what: `${name}: ${slipped.what}`, text: slipped.text };
  }
}

/** A token that is neither blank nor the end. */
function token({ tokens }: Tree, random: Random): { readonly start: number; readonly end: number } {
  let at = random.below(tokens.count - 1);
  while (tokens.kind(at) <= kind.comment || tokens.kind(at) === kind.end) at = random.below(tokens.count - 1);
  return { start: tokens.start(at), end: tokens.end(at) };
}
