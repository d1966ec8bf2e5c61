import type { z } from "zod";
import {
  begunIn,
  type Document,
  didYouMean,
  type Loaded,
  type Location,
  type Lost as LostLines,
  limits,
  type OutsideProblem,
  type Span,
} from "../../../tsk/index.ts";
import { valueAt } from "../problems.ts";
import { knownKeys, sectionNames } from "../schema.ts";
import { isMap, mapOf } from "./fields.ts";

type Path = readonly PropertyKey[];

/**
 * What nobody could read of a fleet's files. A problem that it may explain is not told: a key that is missing where a line
 * could not be read, a service of which only the name is left. What is wrong elsewhere is.
 */
export class Lost {
  readonly #document: Document;
  readonly #lost: readonly LostPlace[];
  /** All words on what is lost. */
  readonly #words: ReadonlySet<string>;
  /** Services that are there: no line that is lost was theirs. */
  readonly #services: ReadonlySet<string>;
  /** Names that are still compared with them, letter by letter. */
  #guesses = 200;

  constructor({ document, lost }: Pick<Loaded, "document" | "lost">) {
    this.#document = document;
    this.#lost = lost.map((one) => placeOf(one, document));
    this.#words = wordsOn(this.#lost);
    // What is left of a line that is lost may be called otherwise.
    const written = ["services", "externals"].flatMap((section) =>
      Object.keys(mapOf(document.value[section])).filter(
        (name) => !this.#isLost(document.locate([section, name], "key")),
      ),
    );
    this.#services = new Set(this.#lost.length === 0 ? [] : written);
  }

  /** Problems without those that may follow from what is lost. */
  without(problems: readonly OutsideProblem[]): readonly OutsideProblem[] {
    if (this.#lost.length === 0) return problems;
    const left = problems.filter((one) => !this.#explains(one));
    const nameless = this.#namelessServices();
    const known = unknownServices(problems).length - unknownServices(left).length;
    return nameless.slice(known).reduce(withoutLikeliest, left);
  }

  /** Services that have lost their names. */
  #namelessServices(): readonly LostPlace[] {
    const all = this.#lost.filter((one) => one.nameless && one.within?.join() === "services");
    return [...new Map(all.map((one) => [`${one.file} ${one.start}`, one])).values()];
  }

  /** Issues without those of values that are wrong beside others, of which one may be lost. */
  withoutComparisons(issues: readonly z.core.$ZodIssue[]): readonly z.core.$ZodIssue[] {
    const isNear = (path: Path): boolean =>
      this.#lost.some(({ map = [] }) => isWithin(path, map) || isWithin(map, path.slice(0, -1)));
    return this.#lost.length === 0 ? issues : issues.filter((one) => !(compares(one) && isNear(one.path)));
  }

  #explains({ code, path, part, unless = [] }: OutsideProblem): boolean {
    if (unless.some((one) => this.#mayComplete(one))) return true;
    if (code === "FLEET_UNKNOWN_KEY") return this.#isPart(path);
    if (code === "FLEET_UNKNOWN_SERVICE") return this.#names(path);
    if (code === "FLEET_REQUIRED" && this.#lacksHeader(path)) return true;
    const at = this.#document.locate(path);
    if (this.#isLost(at)) return true;
    if (at === undefined || !at.exact) return this.#holds(path);
    const key = String(path.at(-1));
    return this.#lost.some(
      ({ file, within = [], words, beside = [] }) =>
        // What a value lacks may be what is wrong with it, not with its name; a layer that cannot be read may say otherwise.
        (part !== "key" && isWithin(within, path)) ||
        (file !== at.file && isWithin(path, within) && words.has(key)) ||
        (file === at.file && beside.some((line) => isOn(line, at))),
    );
  }

  /** True for a service of which there are only blocks, where the header of one is lost: it may be its own. */
  #lacksHeader([section, name]: Path): boolean {
    const isLost = this.#lost.some((one) => one.headless === true && one.within?.join() === "services");
    if (section !== "services" || name === undefined || !isLost) return false;
    return Object.values(mapOf(valueAt(this.#document.value, [section, name]))).every(isMap);
  }

  /** True for what is left of a line that cannot be read. */
  #isLost(at: Location | undefined): boolean {
    return this.#lost.some(
      (one) => one.headless !== true && at !== undefined && one.file === at.file && isOn(one, at),
    );
  }

  /** True for a key that is one that is known, together with what is lost beside it. */
  #isPart(path: Path): boolean {
    const at = this.#document.locate(path, "key");
    const known = knownKeys(path.slice(0, -1));
    // A name that was put in place of a header that cannot be read.
    if (at !== undefined && at.start === at.end) return true;
    if (this.#isLost(at)) return true;
    return this.#lost.some(({ file, beside = [], ends }) => {
      if (file !== at?.file || !beside.some((line) => isOn(line, at))) return false;
      const key = `${ends}${String(path.at(-1))}`;
      return known.includes(key) || didYouMean(key, known) !== undefined;
    });
  }

  /** True for what is not there, or not all of it, and may stand where nobody could read. */
  #mayComplete(path: Path): boolean {
    const at = this.#document.locate(path);
    const isBeside = ({ file, beside = [] }: LostPlace): boolean =>
      at !== undefined && file === at.file && beside.some((line) => isOn(line, at));
    if (this.#isLost(at)) return true;
    return this.#holds(path) || this.#lost.some((one) => isWithin(one.map ?? [], path) || isBeside(one));
  }

  /** True for a path that may stand where nobody could read. */
  #holds(path: Path): boolean {
    const isThere = (length: number): boolean => this.#document.locate(path.slice(0, length))?.exact === true;
    return (
      this.#lost.some((one) => this.#mayHold(one, path)) ||
      path.some((key, index) => !isThere(index + 1) && this.#isWord(String(key), this.#wordsNear(path)))
    );
  }

  /** True for a path that may stand on what is lost at one place. */
  #mayHold({ map, file, words, nameless, headless, last }: LostPlace, path: Path): boolean {
    if (map === undefined) return true;
    if (!isWithin(path, map)) return false;
    const at = this.#document.locate(path.slice(0, map.length + 1));
    if (at?.exact !== true) return true;
    // What another layer adds to, this one may have had.
    const isOther = at.file !== file && path.length > map.length;
    return (
      isOther && (nameless || headless === true || last || this.#isWord(String(path[map.length]), words))
    );
  }

  /** Words on what is lost of the maps around a path, and in them. */
  #wordsNear(path: Path): ReadonlySet<string> {
    const around = path.slice(0, -1);
    const near = this.#lost.filter(
      ({ map, whole }) => !whole || map === undefined || isWithin(path, map) || isWithin(map, around),
    );
    return near.length === this.#lost.length ? this.#words : wordsOn(near);
  }

  /** True when a service that is named at a path may stand where nobody could read. */
  #names(path: Path): boolean {
    const value = valueAt(this.#document.value, path);
    const anywhere = this.#lost.some(({ within }) => within === undefined);
    const name = String(typeof value === "string" ? value : path.at(-1));
    // A name that no service can have is wrong whatever is lost.
    if (!/^[a-z0-9-]+$/.test(name)) return false;
    if (this.#isHeld(name)) return true;
    const may = this.#lost.filter((one) => mayNameService(one));
    const words = new Set([...wordsOn(may)].filter((word) => !this.#services.has(word)));
    const isBegun = may.some(({ begun }) => begun.some((one) => name.startsWith(one)));
    const begins = name.slice(0, Math.max(4, Math.ceil(name.length / 2)));
    const isPart = (word: string): boolean => word.startsWith(begins) || word.endsWith(name);
    return anywhere || isBegun || [...words].some(isPart) || this.#isWord(name, words);
  }

  /** True for a key of a block that has lost its name, or half of it: that block may be the services. */
  #isHeld(name: string): boolean {
    const { value } = this.#document;
    return (
      this.#lost.some(({ holds = [] }) => holds.includes(name)) ||
      Object.keys(value).some(
        (key) => !isSection(key) && Object.hasOwn(mapOf(value[key]), name) && this.#isPart([key]),
      )
    );
  }

  /** True for a name that stands on what is lost, perhaps spoilt. */
  #isWord(name: string, words: ReadonlySet<string>): boolean {
    return words.has(name) || (this.#guesses-- > 0 && didYouMean(name, words) !== undefined);
  }
}

/** A place of which something is lost, and the words that stood there. */
interface LostPlace extends LostLines {
  /** The map that lacks it; undefined when it may be any. */
  readonly map: Path | undefined;
  readonly words: ReadonlySet<string>;
  /** The last of them. */
  readonly ends: string;
  /** The first and last of each line: of a name half typed it is the beginning. */
  readonly begun: readonly string[];
  /** True when it begins where a name should, without one. */
  readonly nameless: boolean;
  /** True where its file ends: it may break off, and anything may have followed. */
  readonly last: boolean;
  /** True for lines that open nothing and close nothing of others. */
  readonly whole: boolean;
}

function placeOf(lost: LostLines, { sources, locate }: Document): LostPlace {
  const all = sources.get(lost.file)?.text ?? "";
  const body = all.slice(lost.start, Math.min(lost.end, lost.start + limits.lost)).trimEnd();
  const [header = ""] = body.split("\n", 1);
  // Below the name of a section everything is read, unless two brackets make an element of a list of it.
  const isNamed =
    lost.headless === true &&
    !/^\s*\[\s*\[/.test(header) &&
    (header.match(/[\p{L}_]+/gu) ?? []).some(isSection);
  const text = isNamed ? header : body;
  const ends = /[\p{L}\d_-]*$/u.exec(text.slice(-longest))?.[0] ?? "";
  const { within, beside = [] } = lost;
  const words = wordsOf(text);
  // What a block that cannot be read is called.
  for (const [index, key] of (within ?? []).entries())
    if (locate(within?.slice(0, index + 1) ?? [], "key")?.exact !== true) words.add(String(key));
  // A name that a line end has cut in two.
  for (const line of beside)
    words.add(`${ends}${/^\s*([\p{L}\d_-]+)/u.exec(all.slice(line.start, line.end))?.[1] ?? ""}`);
  const isValue = within !== undefined && locate(within)?.exact !== true;
  const map = isValue ? within.slice(0, -1) : within;
  const begun = begunIn(text);
  const ofService = lost.headless === true && isOfService(body.slice(header.length));
  return {
    ...lost,
    ...(ofService ? { within: ["services"] } : {}),
    map,
    words,
    ends,
    begun,
    last: all.slice(lost.end).trim() === "",
    // A service is a map.
    whole: lost.headless !== true && isWhole(body),
    nameless: ofService || lost.unnamed === true || /^\s*[^\s\p{L}"'$@#)\]}].*\{/u.test(text),
  };
}

/** True for lines below a lost header that say what a service does, and no section: it was the header of one service. */
function isOfService(lines: string): boolean {
  const keys = [...lines.matchAll(/^["']?([\p{L}_][\p{L}\d_-]*)["']?[ \t]*[:={]/gmu)].map(
    ([, key = ""]) => key,
  );
  const knowsAll = (path: Path): boolean => {
    const known = knownKeys(path);
    return keys.every((key) => known.includes(key));
  };
  return keys.length > 0 && knowsAll(["services", ""]) && !sectionNames().some((name) => knowsAll([name]));
}

/** True for lines whose brackets pair, those behind a quote without its other half as well. */
function isWhole(text: string): boolean {
  const signs = text.replace(/"(?:[^"\\\n]|\\.)*"|'[^'\n]*'/g, "").replace(/(?:#|\/\/).*/g, "");
  let depth = 0;
  for (const [sign] of signs.matchAll(/[()[\]{}]/g)) {
    depth += "([{".includes(sign) ? 1 : -1;
    if (depth < 0) return false;
  }
  return depth === 0;
}

/** False for an entry of a service, or of another section: no service is declared there. */
function mayNameService({ whole, map }: LostPlace): boolean {
  const [section] = map ?? [];
  if (!whole || section === undefined || !isSection(String(section))) return true;
  return map?.length === 1 && (section === "services" || section === "externals");
}

function wordsOn(lost: readonly LostPlace[]): ReadonlySet<string> {
  return new Set(lost.flatMap(({ words }) => [...words]));
}

function isSection(name: string): boolean {
  return sectionNames().includes(name);
}

/** A name is no longer. */
const longest = 100;

/**
 * Problems without the one of the service that has lost its name: one that shares a word with what is left of it, or the one
 * that is named most often.
 */
function withoutLikeliest(
  problems: readonly OutsideProblem[],
  { words }: LostPlace,
): readonly OutsideProblem[] {
  const unknown = unknownServices(problems);
  const shares = ({ message }: OutsideProblem): boolean =>
    (/"([^"]*)", which/.exec(message)?.[1] ?? "")
      .split(/[-_.]/)
      .some((part) => part.length > 2 && words.has(part));
  const [most] = unknown.toSorted((a, b) => (b.also?.length ?? 0) - (a.also?.length ?? 0));
  const likeliest = unknown.find(shares) ?? most;
  return problems.filter((one) => one !== likeliest);
}

/** The words of a text, and each with the one before: a sign in the middle of a name makes two of it. */
function wordsOf(text: string): Set<string> {
  const found = text.match(/[\p{L}\d_-]+/gu) ?? [];
  return new Set(found.flatMap((word, index) => [word, `${found[index - 1] ?? ""}${word}`]));
}

function unknownServices(problems: readonly OutsideProblem[]): readonly OutsideProblem[] {
  return problems.filter((one) => one.code === "FLEET_UNKNOWN_SERVICE");
}

function compares(issue: z.core.$ZodIssue): boolean {
  return issue.code === "custom" && issue.params?.compares === true;
}

function isOn(line: Span, { start }: Span): boolean {
  return line.start <= start && start <= line.end;
}

function isWithin(path: Path, map: Path): boolean {
  return map.every((key, index) => String(key) === String(path[index]));
}
