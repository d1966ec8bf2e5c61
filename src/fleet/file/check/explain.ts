import { didYouMean, type OutsideProblem } from "../../../tsk/index.ts";
import { pathText, valueAt } from "../problems.ts";
import { knownKeys, sectionNames } from "../schema.ts";
import { field, isMap, mapOf } from "./fields.ts";

type Value = Readonly<Record<string, unknown>>;
type Problems = readonly OutsideProblem[];
type Path = readonly PropertyKey[];

/** Problems, one per cause. */
export interface Explained {
  readonly problems: Problems;
  /** The section of which the header is missing, and the path around what seems to be written twice for want of it. */
  readonly lostHeader?: { readonly section: string; readonly around: Path };
}

/** How documents are judged. */
export interface Judging {
  /** Finds the problems of another document. */
  readonly judge: (value: Value) => Problems;
  /** The same with those that may follow from what nobody could read. */
  readonly judgeAll: (value: Value) => Problems;
  /** Leaves those out. */
  readonly sifted: (problems: Problems) => Problems;
}

/**
 * One problem per cause. What a wrong name entails is found by trying: the document is judged once more with the name that
 * was probably meant, and what is right then was the same mistake. It is told with the first, as another place.
 */
export function explained(found: Problems, value: Value, judging: Judging): Explained {
  const { problems, ...rest } = explainedAlone(found, value, judging.judge);
  return { problems: [...problems, ...inMeantSections(value, judging)], ...rest };
}

function explainedAlone(found: Problems, value: Value, judge: (value: Value) => Problems): Explained {
  let left = found;
  for (const one of found) {
    if (left.length < 2) break;
    const meant = left.includes(one) ? asMeant(one, left, value) : undefined;
    if (meant !== undefined) left = withConsequences(left, one, judge(meant));
  }
  return left.length < 2 ? { problems: left } : withoutLostHeader(left, value, judge);
}

/** What is wrong in sections with names that nobody knows, as those that were probably meant. */
function inMeantSections(value: Value, { judgeAll, sifted }: Judging): Problems {
  const free = sectionNames().filter((name) => !Object.hasOwn(value, name));
  const unknown = Object.keys(value).filter((key) => !sectionNames().includes(key) && isMap(value[key]));
  return unknown.flatMap((key) => {
    const begun = free.filter((name) => (key.length > 2 && name.startsWith(key)) || isInterrupted(key, name));
    const meant =
      didYouMean(key, free) ?? (begun.length === 1 ? begun[0] : undefined) ?? ofKeys(mapOf(value[key]), free);
    // A dot in its name has made two of it: that is one mistake, told already.
    const isParted = Object.keys(mapOf(value[key])).some((inner) =>
      free.some((name) => name.startsWith(key) && name.endsWith(inner)),
    );
    if (meant === undefined || isParted) return [];
    const { [key]: section, ...others } = value;
    const inside = judgeAll({ ...others, [meant]: section }).filter(
      ({ path }) => path.length > 1 && path[0] === meant,
    );
    if (knowsNone(inside, Object.keys(mapOf(section)))) return [];
    return sifted(inside.map((one) => ({ ...one, path: [key, ...one.path.slice(1)] })));
  });
}

/** True when every key of a section is told as unknown: another one was meant, which may stand in another layer. */
function knowsNone(problems: Problems, keys: readonly string[]): boolean {
  const unknown = problems.filter(({ code, path }) => code === "FLEET_UNKNOWN_KEY" && path.length === 2);
  return keys.length > 0 && keys.every((key) => unknown.some(({ path }) => path[1] === key));
}

/** The one section that knows nearly all keys of a map. */
function ofKeys(map: Value, sections: readonly string[]): string | undefined {
  const keys = Object.keys(map);
  if (keys.length > 0 && keys.every((key) => key.startsWith("/")))
    return sections.find((one) => one === "routes");
  // Of several sections one key is too little to know one by.
  const least = sections.length > 1 ? 2 : 1;
  const knows = (section: string): boolean => {
    const known = knownKeys([section]);
    const count = keys.filter((key) => known.includes(key)).length;
    return count >= least && count >= keys.length * (2 / 3);
  };
  const [only, ...others] = sections.filter(knows);
  return others.length === 0 ? only : undefined;
}

/** The document with the name that was probably meant in place of one that is wrong; undefined when there is none. */
function asMeant(one: OutsideProblem, all: Problems, value: Value): Value | undefined {
  if (one.part !== "key") return undefined;
  const around = one.path.slice(0, -1);
  const name = String(one.path.at(-1));
  const map = valueAt(value, around);
  if (!isMap(map)) return undefined;
  const joined = asOneName(one, all, value);
  if (joined !== undefined) return joined;
  const free = candidatesFor(one, all).filter((key) => !Object.hasOwn(map, key));
  // What is missing beside a name that nobody knows was probably meant by it.
  const missing = all.find((other) => other.code === "FLEET_REQUIRED" && isIn(other.path, around));
  const meant =
    free.find((key) => key === missing?.path.at(-1)) ??
    didYouMean(name, free) ??
    free.find((key) => name.includes(key) || isInterrupted(name, key));
  if (meant === undefined) return undefined;
  const renamed = Object.entries(map).map(([key, inner]) => [key === name ? meant : key, inner] as const);
  return replaced(value, around, Object.fromEntries(renamed));
}

/** True for a name with something in the middle of it that does not belong there. */
function isInterrupted(name: string, key: string): boolean {
  let same = 0;
  while (same < key.length && name[same] === key[same]) same++;
  return key.length > 2 && name.length > key.length && name.endsWith(key.slice(same));
}

/** `mo.ody` for `moody`: a dot in a name has made two of it. Or the first of two is too many, and no name that may stand there. */
function asOneName(one: OutsideProblem, all: Problems, value: Value): Value | undefined {
  const [inside, below] = [one.path, [...one.path, Object.keys(mapOf(valueAt(value, one.path)))[0] ?? ""]];
  for (const path of [inside, below]) {
    const [head, tail] = [String(path.at(-2)), String(path.at(-1))];
    const around = path.slice(0, -2);
    const map = valueAt(value, around);
    if (path.length < 2 || head === "" || tail === "") continue;
    const names = [...knownKeys(around), ...namesMissing(all, around)];
    const isHeadWrong = all.some(
      (other) => other.part === "key" && isIn(other.path, around) && other.path.at(-1) === head,
    );
    const meant =
      names.find(
        (name) =>
          name.startsWith(head) &&
          name.endsWith(tail) &&
          name.length - head.length - tail.length <= 1 &&
          name !== head,
      ) ?? (path === inside && isHeadWrong ? tail : undefined);
    if (meant === undefined || !isMap(map) || Object.hasOwn(map, meant)) continue;
    const { [head]: inner, ...others } = map;
    return replaced(value, around, { ...others, [meant]: field(inner, tail) });
  }
  return undefined;
}

function candidatesFor({ code, path }: OutsideProblem, all: Problems): readonly string[] {
  const around = path.slice(0, -1);
  return code === "FLEET_UNKNOWN_KEY" ? knownKeys(around) : namesMissing(all, around);
}

function isIn(path: Path, map: Path): boolean {
  return path.length === map.length + 1 && map.every((key, index) => key === path[index]);
}

/** Names of services that others name and that are not there. */
function namesMissing(all: Problems, around: Path): readonly string[] {
  if (around.length !== 1 || around[0] !== "services") return [];
  return all.flatMap(({ code, message }) =>
    code === "FLEET_UNKNOWN_SERVICE" ? [/"([^"]*)", which/.exec(message)?.[1] ?? ""] : [],
  );
}

/** Problems without those that are gone when `cause` is repaired. */
function withConsequences(all: Problems, cause: OutsideProblem, repaired: Problems): Problems {
  const still = new Set(repaired.map(keyOf));
  const gone = all.filter((one) => one !== cause && !still.has(keyOf(one)));
  if (gone.length === 0) return all;
  return all.flatMap((one) => {
    if (one === cause) return [{ ...one, also: [...(one.also ?? []), ...gone.flatMap(placesOf)] }];
    return gone.includes(one) ? [] : [one];
  });
}

/** Keys that stand in a section that does not know them, and that another one does: the header between is missing. */
function withoutLostHeader(all: Problems, value: Value, judge: (value: Value) => Problems): Explained {
  const froms = [...new Set(all.map(sectionOf))].flatMap((from) => {
    const inside = all.filter((one) => sectionOf(one) === from && !isMisspeltSection(one, value));
    const unknown = inside.filter((one) => one.code === "FLEET_UNKNOWN_KEY");
    // Something may be wrong with the keys of the section itself.
    return [inside, unknown].map((problems) => ({ from, problems }));
  });
  // A section that could have all the keys comes before one that could have most.
  for (const { from, problems, share } of [
    ...froms.map((one) => ({ ...one, share: 1 })),
    ...froms.map((one) => ({ ...one, share: 2 / 3 })),
  ]) {
    const around = from === undefined ? [] : [from];
    const keys = new Set(problems.map((one) => String(one.path[around.length])));
    keys.delete("undefined");
    // What is wrong with values only, in keys that are known, says nothing of a header.
    const isOfKey = ({ code, path }: OutsideProblem): boolean =>
      code === "FLEET_UNKNOWN_KEY" || path.length <= around.length + 1;
    if (keys.size === 0 || !problems.some(isOfKey)) continue;
    for (const section of sectionNames()) {
      const own = keysOf(section, keys, valueAt(value, around));
      if (section === from || own.size < keys.size * share) continue;
      const left = judge(moved(value, around, own, section));
      const still = new Set(left.map(keyOf));
      const known = new Set(all.map(keyOf));
      const gone = all.filter((one) => !still.has(keyOf(one)));
      const inside = left.filter((one) => !known.has(keyOf(one)));
      const [first, ...others] = gone;
      // A header that is there proves nothing unless nearly all that is in its section is right then.
      const isOwn = inside.every(({ path }) => path[0] === section && own.has(String(path[1])));
      if (first === undefined || gone.length < 2 || !isOwn || inside.length * 3 > gone.length) continue;
      if (left.length - inside.length !== all.length - gone.length) continue;
      const help = `${own.size === 1 ? "it is a key" : "they are keys"} of [${section}]: is this header missing?`;
      const told = { ...first, help, also: [...(first.also ?? []), ...others.flatMap(placesOf)] };
      const problems = [
        ...all.flatMap((one) => (one === first ? [told] : gone.includes(one) ? [] : [one])),
        ...inside.map((one) => ({ ...one, path: [...around, ...one.path.slice(1)] })),
      ];
      return { problems, lostHeader: { section, around } };
    }
  }
  return { problems: all };
}

/** True for a name at the root that is nearly one of a section, over keys that this section has: its header is there. */
function isMisspeltSection({ code, path }: OutsideProblem, value: Value): boolean {
  const [name, ...deeper] = path;
  if (code !== "FLEET_UNKNOWN_KEY" || deeper.length > 0) return false;
  const meant = didYouMean(String(name), sectionNames());
  return meant !== undefined && ofKeys(mapOf(value[String(name)]), [meant]) === meant;
}

/** The section a problem is in; undefined for one that stands at the root itself. */
function sectionOf({ code, path }: OutsideProblem): string | undefined {
  const [first] = path;
  return path.length < 2 || (code === "FLEET_UNKNOWN_KEY" && path.length === 1) ? undefined : String(first);
}

/** Those of some keys that a section could have. */
function keysOf(section: string, keys: ReadonlySet<string>, from: unknown): ReadonlySet<string> {
  return new Set([...keys].filter((key) => isPlausible(section, new Set([key]), from)));
}

/** True when a section could have these keys. */
function isPlausible(section: string, keys: ReadonlySet<string>, from: unknown): boolean {
  const known = knownKeys([section]);
  if (known.length > 0) return [...keys].every((key) => known.includes(key));
  if (section === "routes") return [...keys].every((key) => key.startsWith("/"));
  return [...keys].every((key) => isMap(field(from, key)) || typeof field(from, key) === "string");
}

function moved(value: Value, around: Path, keys: ReadonlySet<string>, section: string): Value {
  const map = mapOf(valueAt(value, around));
  const [out, kept]: [[string, unknown][], [string, unknown][]] = [[], []];
  for (const entry of Object.entries(map)) (keys.has(entry[0]) ? out : kept).push(entry);
  const without = replaced(value, around, Object.fromEntries(kept));
  return { ...without, [section]: { ...mapOf(without[section]), ...Object.fromEntries(out) } };
}

/** A document with another map at a path. */
function replaced(value: Value, path: Path, map: Value): Value {
  const [key, ...rest] = path;
  if (key === undefined) return map;
  const inner = value[String(key)];
  if (!Array.isArray(inner)) return { ...value, [String(key)]: replaced(mapOf(inner), rest, map) };
  const [index, ...deeper] = rest;
  const items: readonly unknown[] = inner;
  return {
    ...value,
    [String(key)]: items.map((item, at) => (at === index ? replaced(mapOf(item), deeper, map) : item)),
  };
}

function keyOf({ code, path, message }: OutsideProblem): string {
  return `${code} ${pathText(path)} ${message}`;
}

function placesOf({ path, part, message, also = [] }: OutsideProblem): NonNullable<OutsideProblem["also"]> {
  return [{ path, ...(part === undefined ? {} : { part }), message }, ...also];
}
