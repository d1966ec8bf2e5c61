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

/**
 * One problem per cause. What a wrong name entails is found by trying: the document is judged once more with the name that
 * was probably meant, and what is right then was the same mistake. It is told with the first, as another place.
 *
 * @param judge finds the problems of another document
 */
export function explained(found: Problems, value: Value, judge: (value: Value) => Problems): Explained {
  const { problems, ...rest } = explainedAlone(found, value, judge);
  return { problems: [...problems, ...inMeantSections(value, judge)], ...rest };
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
function inMeantSections(value: Value, judge: (value: Value) => Problems): Problems {
  const free = sectionNames().filter((name) => !Object.hasOwn(value, name));
  const unknown = Object.keys(value).filter((key) => !sectionNames().includes(key) && isMap(value[key]));
  return unknown.flatMap((key) => {
    const begun = free.filter((name) => (key.length > 2 && name.startsWith(key)) || isInterrupted(key, name));
    const meant = didYouMean(key, free) ?? (begun.length === 1 ? begun[0] : undefined);
    // A dot in its name has made two of it: that is one mistake, told already.
    const isParted = Object.keys(mapOf(value[key])).some((inner) =>
      free.some((name) => name.startsWith(key) && name.endsWith(inner)),
    );
    if (meant === undefined || isParted) return [];
    const { [key]: section, ...others } = value;
    return judge({ ...others, [meant]: section })
      .filter(({ path }) => path.length > 1 && path[0] === meant)
      .map((one) => ({ ...one, path: [key, ...one.path.slice(1)] }));
  });
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
    const inside = all.filter((one) => sectionOf(one) === from);
    const unknown = inside.filter((one) => one.code === "FLEET_UNKNOWN_KEY");
    // Something may be wrong with the keys of the section itself.
    return [inside, unknown].map((problems) => ({ from, problems }));
  });
  for (const { from, problems } of froms) {
    const around = from === undefined ? [] : [from];
    const keys = new Set(problems.map((one) => String(one.path[around.length])));
    keys.delete("undefined");
    if (keys.size === 0) continue;
    for (const section of sectionNames()) {
      if (section === from || !isPlausible(section, keys, valueAt(value, around))) continue;
      const left = judge(moved(value, around, keys, section));
      const still = new Set(left.map(keyOf));
      const gone = all.filter((one) => !still.has(keyOf(one)));
      const [first, ...others] = gone;
      // A header that is there proves nothing unless all that is in its section is right then.
      if (first === undefined || gone.length < 2 || left.length !== all.length - gone.length) continue;
      const help = `${keys.size === 1 ? "it is a key" : "they are keys"} of [${section}]: is this header missing?`;
      const told = { ...first, help, also: [...(first.also ?? []), ...others.flatMap(placesOf)] };
      const problems = all.flatMap((one) => (one === first ? [told] : gone.includes(one) ? [] : [one]));
      return { problems, lostHeader: { section, around } };
    }
  }
  return { problems: all };
}

/** The section a problem is in; undefined for one that stands at the root itself. */
function sectionOf({ code, path }: OutsideProblem): string | undefined {
  const [first] = path;
  return path.length < 2 || (code === "FLEET_UNKNOWN_KEY" && path.length === 1) ? undefined : String(first);
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
