import { Secret } from "../../kernel/index.ts";
import {
  asText,
  type Data,
  type Dictionary,
  type Evaluated,
  isList,
  isMap,
  type List,
  typeName,
} from "../value/data.ts";
import type { OperatorCall, Result } from "./row.ts";

/** Goes on with the value of an argument; an absence or a broken value passes through. */
export function withValue(call: OperatorCall, name: string, then: (value: Evaluated) => Result): Result {
  const value = call.argument(name);
  return value === undefined || "absent" in value ? value : then(value);
}

/** As `withValue`, for an argument that must be a list. */
export function withList(call: OperatorCall, name: string, then: (list: List) => Result): Result {
  return withValue(call, name, ({ data }) =>
    isList(data) ? then(data) : misfit(call, name, "a list", data),
  );
}

/** As `withValue`, for an argument that must be a map. */
export function withMap(call: OperatorCall, name: string, then: (map: Dictionary) => Result): Result {
  return withValue(call, name, ({ data }) => (isMap(data) ? then(data) : misfit(call, name, "a map", data)));
}

/** As `withValue`, for an argument that must be a number. */
export function withNumber(call: OperatorCall, name: string, then: (value: number) => Result): Result {
  return withValue(call, name, ({ data }) =>
    typeof data === "number" ? then(data) : misfit(call, name, "a number", data),
  );
}

/** As `withValue`, for text; `made` gives text made of it, a secret when it is one. */
export function withText(
  call: OperatorCall,
  name: string,
  then: (text: string, made: (text: string) => string | Secret) => Result,
): Result {
  return withValue(call, name, ({ data: given }) => {
    const data = asText(given);
    if (typeof data === "string") return then(data, (text) => text);
    return data instanceof Secret
      ? then(data.reveal(), (text) => new Secret(text))
      : misfit(call, name, "text", data);
  });
}

/** As `withText`, for text that may not be a secret: the name of something. */
export function withPlainText(call: OperatorCall, name: string, then: (text: string) => Result): Result {
  return withValue(call, name, ({ data: given }) => {
    const data = asText(given);
    return typeof data === "string" ? then(data) : misfit(call, name, "text", data);
  });
}

/** All arguments of a row that takes any number of them. */
export function withAll(call: OperatorCall, then: (values: readonly Evaluated[]) => Result): Result {
  const values: Evaluated[] = [];
  for (const value of call.all()) {
    if (value === undefined || "absent" in value) return value;
    values.push(value);
  }
  return then(values);
}

/** Reports an argument of the wrong type. */
export function misfit(call: OperatorCall, name: string, needed: string, found: Data): undefined {
  return call.fail("TSK_TYPE", `@${call.node.name} needs ${needed} as ${name}, found ${typeName(found)}`);
}
