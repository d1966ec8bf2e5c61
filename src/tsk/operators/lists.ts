import { Secret } from "../../kernel/index.ts";
import {
  asText,
  type Data,
  dictionary,
  type Evaluated,
  isList,
  isMap,
  list,
  scalarText,
  typeName,
  weightOf,
} from "../value/data.ts";
import { type EditName, edited } from "../value/edit.ts";
import {
  misfit,
  withAll,
  withList,
  withMap,
  withNumber,
  withPlainText,
  withText,
  withValue,
} from "./argument.ts";
import type { OperatorCall, Result } from "./row.ts";

/** `@append(list, more)`: as an edit does it, but to a list that is at hand. */
export function edit(call: OperatorCall, name: EditName): Result {
  if (!call.has("items")) {
    const help = `as an edit it stands alone: key: @${name}([…]); else write @${name}(list, items)`;
    return call.fail("TSK_ARGUMENTS", `@${name} with one argument is the whole value of a key`, help);
  }
  return withValue(call, "list", (target) =>
    withValue(call, "items", (given) => {
      const items = isList(given.data) ? given.data.items : [given];
      if (!call.afford(weightOf(target.data) * (name === "remove" ? items.length + 1 : 1))) return undefined;
      const after = edited({ name, items }, target.data);
      return typeof after === "string" ? misfit(call, "list", "a list", target.data) : call.give(after);
    }),
  );
}

/** Lists one after the other, or texts. */
export function concat(call: OperatorCall): Result {
  return withAll(call, (values) => {
    const [first] = values;
    if (first === undefined || !isList(first.data)) return join(call, values, "");
    const items: Evaluated[] = [];
    for (const { data } of values) {
      if (!isList(data)) return misfit(call, "every argument", "a list", data);
      items.push(...data.items);
    }
    return call.give(list(items));
  });
}

/** `@join(list, separator)` */
export function joined(call: OperatorCall): Result {
  return withList(call, "list", ({ items }) => {
    if (!call.has("separator")) return join(call, items, "");
    return withText(call, "separator", (separator, made) => {
      const text = join(call, items, separator);
      if (text === undefined || "absent" in text || typeof text.data !== "string") return text;
      return call.give(made(text.data));
    });
  });
}

function join(call: OperatorCall, items: readonly Evaluated[], separator: string): Result {
  const texts: string[] = [];
  let secret = false;
  let length = 0;
  for (const { data } of items) {
    const text = scalarText(data);
    if (text === undefined)
      return call.fail("TSK_TYPE", `@${call.node.name} cannot write a ${typeName(data)} as text`);
    if (text instanceof Secret) secret = true;
    texts.push(text instanceof Secret ? text.reveal() : text);
    length += separator.length + (texts.at(-1)?.length ?? 0);
  }
  if (!call.afford(length >> 3)) return undefined;
  const text = texts.join(separator);
  return call.give(secret ? new Secret(text) : text);
}

/** `@split(text, separator)`. Where a secret stands in a text would tell about it. */
export function split(call: OperatorCall): Result {
  return withText(call, "text", (text, made) =>
    withPlainText(call, "separator", (separator) => {
      if (!call.afford(text.length)) return undefined;
      return call.give(list(text.split(separator).map((part) => ({ data: made(part), places: [] }))));
    }),
  );
}

/** Characters of a text, elements of a list, keys of a map. */
export function length(call: OperatorCall): Result {
  return withValue(call, "value", ({ data }) => {
    if (isList(data)) return call.give(data.items.length);
    if (isMap(data)) return call.give(data.entries.size);
    const text = asText(data);
    return typeof text === "string"
      ? call.give([...text].length)
      : misfit(call, "value", "text, a list or a map", data);
  });
}

export function keys(call: OperatorCall): Result {
  return withMap(call, "map", ({ entries }) =>
    call.give(list([...entries].map(([name, { places }]) => ({ data: name, places })))),
  );
}

export function values(call: OperatorCall): Result {
  return withMap(call, "map", ({ entries }) => call.give(list([...entries.values()])));
}

/** Maps merged as layers are: a later one wins key by key, lists are replaced. */
export function merge(call: OperatorCall): Result {
  return withAll(call, (maps) => {
    for (const { data } of maps) if (!isMap(data)) return misfit(call, "every argument", "a map", data);
    return call.give(maps.map(({ data }) => data).reduce(mergedData));
  });
}

function mergedData(low: Data, high: Data): Data {
  if (!isMap(low) || !isMap(high)) return high;
  const entries = new Map(low.entries);
  for (const [name, entry] of high.entries) {
    const below = entries.get(name);
    const places = below === undefined ? entry.places : [...entry.places, ...below.places];
    entries.set(
      name,
      below === undefined ? entry : { ...entry, data: mergedData(below.data, entry.data), places },
    );
  }
  return dictionary(entries);
}

/** `@range(from, to, step)`: both ends included. */
export function range(call: OperatorCall): Result {
  return withNumber(call, "from", (from) =>
    withNumber(call, "to", (to) => {
      if (!call.has("step")) return steps(call, from, to, from <= to ? 1 : -1);
      return withNumber(call, "step", (step) => steps(call, from, to, step));
    }),
  );
}

function steps(call: OperatorCall, from: number, to: number, step: number): Result {
  const count = Math.floor((to - from) / step) + 1;
  if (!Number.isFinite(count) || count < 1)
    return call.fail("TSK_RANGE", `no number of steps of ${step} leads from ${from} to ${to}`);
  if (!call.afford(count)) return undefined;
  return call.give(
    list(Array.from({ length: count }, (_, index) => ({ data: from + index * step, places: [] }))),
  );
}
