import { Secret } from "../../kernel/index.ts";
import { parsePath } from "../document/path.ts";
import { operatorRow } from "../operators/table.ts";
import { limits } from "../syntax/limits.ts";
import type { Item, Member, Operator, Value } from "../syntax/tree.ts";
import { type Data, dictionary, type Evaluated, isList, isMap, list, scalarText } from "./data.ts";
import { type LeafPart, type MapPart, type Part, type VariablePart, withIncludes } from "./outline.ts";
import type { Slot } from "./slot.ts";

/** What the search needs of the document around an expression. */
export interface SecretSearchOptions {
  /** The key a bare word means. */
  readonly find: (name: string, home: MapPart) => Slot | undefined;
  /** Operators of the host that give secrets. */
  readonly operators: ReadonlySet<string>;
}

/**
 * Finds out without evaluating whether an expression gives a secret: calls such an operator, or refers to what does. Asked of
 * what is overridden, or missing: evaluating it would report what nobody needs.
 */
export class SecretSearch {
  readonly #options: SecretSearchOptions;
  /** By leaf or variable: each is looked at once, however many refer to it. */
  readonly #known = new Map<LeafPart | VariablePart, boolean>();
  #depth = 0;

  constructor(options: SecretSearchOptions) {
    this.#options = options;
  }

  /** True for what a layer says about a key when that is a secret. */
  isSecret(part: Part): boolean {
    if (part.kind === "given") return part.value?.data instanceof Secret;
    return part.kind === "leaf" && this.#once(part, part.value, part.home);
  }

  /** True when an expression gives a secret, or may give one. */
  in(value: Value | undefined, home: MapPart): boolean {
    if (value === undefined) return false;
    switch (value.kind) {
      case "operator":
        return (
          operatorRow(value.name)?.secret === true ||
          this.#options.operators.has(value.name) ||
          (value.args === undefined && this.#inVariable(value.name, home)) ||
          (value.name === "ref" && this.#fromRoot(value, home).some((part) => this.isSecret(part))) ||
          (value.args ?? []).some((arg) => this.in(arg.value, home))
        );
      case "use":
        // Older dialects mean a key by it, too.
        return (
          this.#inVariable(value.name, home) ||
          (home.source.compat && this.#named(value.name, home).some((part) => this.isSecret(part)))
        );
      case "template":
        return value.parts.some((part) => typeof part !== "string" && this.in(part, home));
      case "array":
        return value.elements.some((element) => this.in(element, home));
      case "object":
        return value.items.some((item) => this.in(givenTo(item), home));
      case "name":
        return this.#named(value.name, home).some((part) => this.isSecret(part));
      case "member":
        return this.in(value.object, home) || this.#at(value, home).some((part) => this.isSecret(part));
      case "unary":
        return this.in(value.operand, home);
      case "binary":
        return this.in(value.left, home) || this.in(value.right, home);
      case "conditional":
        return this.in(value.then, home) || this.in(value.otherwise, home);
      case "text":
        // Older dialects put the call in quotes.
        return home.source.compat && /^@(?:env\.secure|secret)\(/.test(value.value);
      case "missing":
      case "literal":
        return false;
    }
  }

  #once(of: LeafPart | VariablePart, value: Value, home: MapPart): boolean {
    const known = this.#known.get(of);
    if (known !== undefined) return known;
    // What goes round in a circle has no value; what goes deeper than values do is taken for one.
    this.#known.set(of, false);
    this.#depth++;
    const secret = this.#depth > limits.calls || this.in(value, home);
    this.#depth--;
    this.#known.set(of, secret);
    return secret;
  }

  #inVariable(name: string, home: MapPart): boolean {
    for (let at: MapPart | undefined = home; at !== undefined; at = at.parent) {
      const found = at.variables?.get(name);
      if (found !== undefined) return this.#once(found, found.value, at);
    }
    return false;
  }

  #named(name: string, home: MapPart): readonly Part[] {
    return this.#options.find(name, home)?.parts ?? [];
  }

  /** What all layers say at the path of `@ref("a.b.c")`. */
  #fromRoot({ args }: Operator, home: MapPart): readonly Part[] {
    const written = args?.[0]?.value;
    const [first, ...path] = (written?.kind === "text" && parsePath(written.value)) || [];
    let root = home;
    while (root.parent !== undefined) root = root.parent;
    const parts = first === undefined ? [] : this.#named(first, root);
    return path.reduce<readonly Part[]>((all, key) => all.flatMap((part) => below(part, key)), parts);
  }

  /** What all layers say about `a.b.c`, as far as its keys are written out. */
  #at({ object, key }: Member, home: MapPart): readonly Part[] {
    if (key.kind !== "text") return [];
    const around =
      object.kind === "name"
        ? this.#named(object.name, home)
        : object.kind === "member"
          ? this.#at(object, home)
          : [];
    return around.flatMap((part) => below(part, key.value));
  }
}

function below(part: Part, key: string): readonly Part[] {
  if (part.kind === "map") return withIncludes(part).flatMap((map) => map.children.get(key) ?? []);
  const data = part.kind === "given" ? part.value?.data : undefined;
  const value = data !== undefined && isMap(data) ? data.entries.get(key) : undefined;
  return value === undefined ? [] : [{ kind: "given", value }];
}

function givenTo(item: Item): Value | undefined {
  return item.kind === "section" || item.kind === "include" ? undefined : item.value;
}

/** A value in the place of a secret: every text and number in it is one. */
export function hidden({ data, places }: Evaluated): Evaluated {
  return { data: hiddenData(data), places };
}

function hiddenData(data: Data): Data {
  if (data === null) return data;
  if (isList(data)) return list(data.items.map(hidden));
  if (isMap(data)) return dictionary(new Map([...data.entries].map(([name, one]) => [name, hidden(one)])));
  const text = scalarText(data);
  return typeof text === "string" ? new Secret(text) : data;
}

/** A key that is given a call of a secret on a line that cannot be read. */
export interface LostSecret {
  readonly file: string;
  /** The section of the key; absent for one that may be in any. */
  readonly section?: string;
}

/**
 * A document in which what other files write to keys is a secret, as far as it is no map.
 *
 * @param names the keys, and where each of them is given a call of a secret
 * @param section the one that the node stands in; absent for the whole document
 */
export function hiddenAt(
  node: Evaluated,
  names: ReadonlyMap<string, readonly LostSecret[]>,
  section?: string,
): Evaluated {
  const { data, places } = node;
  if (isList(data)) return { data: list(data.items.map((item) => hiddenAt(item, names, section))), places };
  if (!isMap(data)) return node;
  const entries = [...data.entries].map(([name, one]): [string, Evaluated] => {
    const within = section ?? name;
    const lost = (names.get(name) ?? []).filter((other) => (other.section ?? within) === within);
    // What the same file says elsewhere is another key of this name.
    const isOwn =
      one.places.length > 0 &&
      one.places.every(({ source }) => lost.every(({ file }) => file === source.file));
    const isHidden = lost.length > 0 && !isOwn && !isMap(one.data);
    return [name, isHidden ? hidden(one) : hiddenAt(one, names, within)];
  });
  return { data: dictionary(new Map(entries)), places };
}

/** True for a secret, and for a list with one in it. */
export function holdsSecret(data: Data): boolean {
  return data instanceof Secret || (isList(data) && data.items.some((item) => holdsSecret(item.data)));
}
