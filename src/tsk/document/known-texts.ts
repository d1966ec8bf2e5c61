import { Secret } from "../../kernel/index.ts";
import type { Source, Span } from "../source.ts";
import { type Data, isList, isMap } from "../value/data.ts";

/**
 * The texts of secrets, to be known again where they do not belong: a piece of one line that was pasted into another says nothing
 * of what it is.
 */
export class KnownTexts {
  readonly #sources: ReadonlyMap<string, Source>;
  readonly #isKey: (name: string) => boolean;
  /** What the secrets of the document are. */
  readonly #plain: readonly string[];
  /** What was looked for, and whether it is one. */
  readonly #asked = new Map<string, boolean>();
  /** How many characters more may be searched. */
  #budget = 20_000_000;

  /** @param isKey true for the name of a key that is a secret's */
  constructor(root: Data, sources: ReadonlyMap<string, Source>, isKey: (name: string) => boolean) {
    this.#sources = sources;
    this.#isKey = isKey;
    this.#plain = plainTexts(root);
  }

  /** What of a line is the text of a secret, whole. */
  on(line: string): readonly Span[] {
    const found: Span[] = [];
    for (const text of this.#plain)
      for (let at = line.indexOf(text); at >= 0; at = line.indexOf(text, at + text.length))
        found.push({ start: at, end: at + text.length });
    for (const { 0: word, index } of line.matchAll(pieces)) {
      const text = word.replace(/^["']|["']$/g, "");
      const start = index + word.indexOf(text);
      if (isTelling(text) && this.#isElsewhere(text)) found.push({ start, end: start + text.length });
    }
    return found;
  }

  /** True for what stands somewhere in quotes, as the text of a secret. */
  #isElsewhere(text: string): boolean {
    const known = this.#asked.get(text);
    if (known !== undefined) return known;
    const isFound = [...this.#sources.values()].some((source) =>
      [`"${text}"`, `'${text}'`].some((quoted) => this.#isSecretIn(source, quoted)),
    );
    this.#asked.set(text, isFound);
    return isFound;
  }

  #isSecretIn(source: Source, quoted: string): boolean {
    let from = 0;
    for (let hits = 0; hits < mostHits && this.#budget > 0; hits++) {
      const at = source.text.indexOf(quoted, from);
      this.#budget -= (at < 0 ? source.text.length : at) - from;
      if (at < 0) return false;
      from = at + quoted.length;
      // Of the address of a secret, "vault:kv/a#b", only a part is hidden.
      if (source.hidden({ start: at + 1, end: from - 1 }).join("").length === quoted.length - 2) return true;
      const name = keyBefore.exec(source.text.slice(Math.max(0, at - longestKey), at))?.[1];
      if (name !== undefined && this.#isKey(name)) return true;
    }
    return false;
  }
}

const keyBefore = /([\p{L}\d_-]+)["']?[ \t]*[:=][ \t]*$/u;

/** A text in quotes, or what may be left of one. */
const pieces = /"[^"\n]{6,200}"|'[^'\n]{6,200}'|[^\s"'`,;:=.{}()[\]]{6,200}/g;

/** How often a text is looked at, and how far before it its key may stand. */
const [mostHits, longestKey] = [20, 200];

/** How many secrets are known by their text. */
const mostPlain = 1000;

/** A short text, or a word in small letters, is part of too much else. */
function isTelling(text: string): boolean {
  return text.length >= 6 && !/^[a-z]+$/.test(text);
}

function plainTexts(root: Data): readonly string[] {
  const found = new Set<string>();
  const visit = (data: Data): void => {
    if (found.size >= mostPlain) return;
    if (isList(data)) for (const item of data.items) visit(item.data);
    else if (isMap(data)) for (const entry of data.entries.values()) visit(entry.data);
    else if (data instanceof Secret) {
      const text = String(data.reveal());
      if (isTelling(text)) found.add(text);
    }
  };
  visit(root);
  return [...found];
}
