import type { Span } from "../../source.ts";
import type { Argument, Item, Key, Value } from "../tree.ts";

/** An item as it is when all of it stands `delta` further on in its text. */
export function movedItem(item: Item, delta: number): Item {
  const span = moved(item, delta);
  switch (item.kind) {
    case "section":
      return { ...span, kind: "section", path: item.path.map((key) => movedKey(key, delta)) };
    case "entry":
      return {
        kind: "entry",
        path: item.path.map((key) => movedKey(key, delta)),
        value: movedValue(item.value, delta),
        ...span,
      };
    case "variable":
      return { kind: "variable", name: item.name, value: movedValue(item.value, delta), ...span };
    case "spread":
      return { kind: "spread", value: movedValue(item.value, delta), ...span };
    case "include":
      return { kind: "include", args: item.args.map((one) => movedArgument(one, delta)), ...span };
  }
}

function movedValue(value: Value, delta: number): Value {
  const { start, end } = moved(value, delta);
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
      return { kind: "object", items: value.items.map((item) => movedItem(item, delta)), start, end };
    case "array":
      return { kind: "array", elements: value.elements.map((one) => movedValue(one, delta)), start, end };
    case "template":
      return {
        kind: "template",
        parts: value.parts.map((part) => (typeof part === "string" ? part : movedValue(part, delta))),
        start,
        end,
      };
    case "member":
      return {
        kind: "member",
        object: movedValue(value.object, delta),
        key: movedValue(value.key, delta),
        start,
        end,
      };
    case "operator": {
      const args = value.args?.map((one) => movedArgument(one, delta));
      return { kind: "operator", name: value.name, args, start, end };
    }
    case "unary":
      return {
        kind: "unary",
        operator: value.operator,
        operand: movedValue(value.operand, delta),
        start,
        end,
      };
    case "binary":
      return {
        kind: "binary",
        operator: value.operator,
        left: movedValue(value.left, delta),
        right: movedValue(value.right, delta),
        start,
        end,
      };
    case "conditional": {
      const condition = movedValue(value.condition, delta);
      const then = movedValue(value.then, delta);
      const otherwise = movedValue(value.otherwise, delta);
      return { kind: "conditional", condition, then, otherwise, start, end };
    }
  }
}

function movedKey({ name, start, end }: Key, delta: number): Key {
  return { name, start: start + delta, end: end + delta };
}

function movedArgument({ name, value, start, end }: Argument, delta: number): Argument {
  return { name, value: movedValue(value, delta), start: start + delta, end: end + delta };
}

function moved({ start, end }: Span, delta: number): Span {
  return { start: start + delta, end: end + delta };
}
