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

/**
 * `@service("name")`: the name of a service that the document has. With `port` its address as the document says it, with
 * `tag` the name under which the registry answers by DNS for the instances that bear the tag.
 */
export function service(call: OperatorCall): Result {
  return withPlainText(call, "name", (name) => {
    const found = call.reference(["services", name]);
    if (found === undefined) return undefined;
    if ("absent" in found) return noKey(call, `there is no service ${name} under services`);
    if (call.has("port") && call.has("tag"))
      return call.fail("TSK_ARGUMENTS", "@service takes a port or a tag: a name by DNS has no port");
    if (call.has("tag")) return taggedName(call, name);
    return call.has("port") ? address(call, name) : call.give(name);
  });
}

/** A name of Consul's DNS: `<tag>.<service>.service.consul`. */
function taggedName(call: OperatorCall, name: string): Result {
  return withPlainText(call, "tag", (tag) =>
    /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(tag)
      ? call.give(`${tag}.${name}.service.consul`)
      : call.fail("TSK_ARGUMENTS", `${JSON.stringify(tag)} is no label of a name in DNS (RFC 1035 §2.3.1)`),
  );
}

const portKeys: Readonly<Record<string, string>> = { rest: "port", grpc: "grpc_port" };

/** `host:port` of the first instance. A port that the system chooses is known to the registry alone. */
function address(call: OperatorCall, name: string): Result {
  return withPlainText(call, "port", (which) => {
    const key = Object.hasOwn(portKeys, which) ? portKeys[which] : undefined;
    if (key === undefined)
      return call.fail(
        "TSK_ARGUMENTS",
        `@service knows no port ${JSON.stringify(which)}`,
        'write "rest" or "grpc"',
      );
    const port = call.reference(["services", name, key]);
    const host = call.reference(["services", name, "host"]);
    if (port === undefined || host === undefined) return undefined;
    if ("absent" in port || typeof port.data !== "number" || port.data === 0)
      return noKey(call, `services.${name} has no fixed ${key}`, "give it one, or ask the registry");
    const written = "data" in host && typeof host.data === "string" ? host.data : "127.0.0.1";
    return call.give(`${written.includes(":") ? `[${written}]` : written}:${port.data}`);
  });
}

function noKey(call: OperatorCall, message: string, help?: string): Result {
  const absent = { code: "TSK_NO_KEY", message, ...(help === undefined ? {} : { help }) } as const;
  return { absent, node: call.node };
}
