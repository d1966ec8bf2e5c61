import type { Span } from "../../source.ts";
import type { Argument, Item, Key, Value } from "../tree.ts";

/** Where an offset of a text stands in another. */
export type Shift = (offset: number) => number;

/** An item as it is when all of it stands elsewhere. */
export function movedItem(item: Item, to: Shift): Item {
  const span = moved(item, to);
  switch (item.kind) {
    case "section":
      return { ...span, kind: "section", path: item.path.map((key) => movedKey(key, to)) };
    case "entry":
      return {
        kind: "entry",
        path: item.path.map((key) => movedKey(key, to)),
        value: movedValue(item.value, to),
        ...span,
      };
    case "variable":
      return { kind: "variable", name: item.name, value: movedValue(item.value, to), ...span };
    case "spread":
      return { kind: "spread", value: movedValue(item.value, to), ...span };
    case "include":
      return { kind: "include", args: item.args.map((one) => movedArgument(one, to)), ...span };
  }
}

function movedValue(value: Value, to: Shift): Value {
  const { start, end } = moved(value, to);
  switch (value.kind) {
    case "missing":
      return { kind: "missing", start, end };
    case "literal":
      return { kind: "literal", value: value.value, start, end };
    case "text":
      return { kind: "text", value: value.value, start, end };
    case "name":
      return { kind: "name", name: value.name, start, end };
    case "use":
      return { kind: "use", name: value.name, start, end };
    case "object":
      return { kind: "object", items: value.items.map((item) => movedItem(item, to)), start, end };
    case "array":
      return { kind: "array", elements: value.elements.map((one) => movedValue(one, to)), start, end };
    case "template":
      return {
        kind: "template",
        parts: value.parts.map((part) => (typeof part === "string" ? part : movedValue(part, to))),
        start,
        end,
      };
    case "member":
      return {
        kind: "member",
        object: movedValue(value.object, to),
        key: movedValue(value.key, to),
        start,
        end,
      };
    case "operator": {
      const args = value.args?.map((one) => movedArgument(one, to));
      return { kind: "operator", name: value.name, args, start, end };
    }
    case "unary":
      return {
        kind: "unary",
        operator: value.operator,
        operand: movedValue(value.operand, to),
        start,
        end,
      };
    case "binary":
      return {
        kind: "binary",
        operator: value.operator,
        left: movedValue(value.left, to),
        right: movedValue(value.right, to),
        start,
        end,
      };
    case "conditional": {
      const condition = movedValue(value.condition, to);
      const then = movedValue(value.then, to);
      const otherwise = movedValue(value.otherwise, to);
      return { kind: "conditional", condition, then, otherwise, start, end };
    }
  }
}

function movedKey({ name, start, end }: Key, to: Shift): Key {
  return { name, start: to(start), end: to(end) };
}

function movedArgument({ name, value, start, end }: Argument, to: Shift): Argument {
  return { name, value: movedValue(value, to), start: to(start), end: to(end) };
}

function moved({ start, end }: Span, to: Shift): Span {
  return { start: to(start), end: to(end) };
}
