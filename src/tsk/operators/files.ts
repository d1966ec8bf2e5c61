import { parsePath } from "../document/path.ts";
import type { Refusal } from "../ports.ts";
import { weightOf } from "../value/data.ts";
import { withPlainText } from "./argument.ts";
import { fromPlain } from "./convert.ts";
import type { OperatorCall, Result } from "./row.ts";
import { base64 } from "./texts.ts";

/** `@file("path")`: the text of a file. */
export function file(call: OperatorCall): Result {
  return withFile(call, (text) => call.give(text));
}

/** `@file.base64("path")` */
export function fileBase64(call: OperatorCall): Result {
  return withFile(call, (text) => call.give(base64(new TextEncoder().encode(text))));
}

/** `@json("path")`, `@yaml`, `@toml`: the data in a file. Nothing in it is evaluated. */
export function dataFile(call: OperatorCall, format: "JSON" | "YAML" | "TOML"): Result {
  const read = format === "JSON" ? JSON.parse : call.ports.reader?.(format);
  if (read === undefined) return call.fail("TSK_UNAVAILABLE", `this host reads no ${format}`);
  if ("code" in read) return refused(call, read);
  return withFile(call, (text, path) => {
    let plain: unknown;
    try {
      plain = read(text);
    } catch {
      // What a reader says shows pieces of the file, and the file may be one of secrets.
      return call.fail("TSK_FILE_READ", `${path} is no ${format}`);
    }
    const value = fromPlain(plain, [call.place]);
    if (value === undefined)
      return call.fail("TSK_FILE_READ", `${path} holds what the language has no value for`);
    return call.afford(weightOf(value.data)) ? value : undefined;
  });
}

function withFile(call: OperatorCall, then: (text: string, path: string) => Result): Result {
  return withPlainText(call, "path", (path) => {
    const text = call.ports.readText(call.place.source, path, "data");
    if (typeof text === "string") return call.afford(text.length >> 3) ? then(text, path) : undefined;
    return refused(call, text);
  });
}

function refused(call: OperatorCall, refusal: Refusal): Result {
  return refusal.code === "TSK_FILE_MISSING"
    ? { absent: refusal, node: call.node }
    : call.fail(refusal.code, refusal.message, refusal.help);
}

/** `@name.tsk.get("a.b", default)`: a value of another file. */
export function getFromFile(call: OperatorCall): Result {
  return reference(call, call.node.name.slice(0, -".get".length));
}

/** `@ref("a.'x/*'.b", default)`: a value of this document. */
export function reference(call: OperatorCall, from?: string): Result {
  return withPlainText(call, "path", (text) => {
    const path = parsePath(text);
    if (path === undefined) return call.fail("TSK_ARGUMENTS", `${JSON.stringify(text)} is no path of keys`);
    const found = call.reference(path, from);
    const missing = found !== undefined && "absent" in found;
    return missing && call.has("default") ? call.argument("default") : found;
  });
}
