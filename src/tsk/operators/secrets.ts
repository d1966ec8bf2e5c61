import { messageOf, Secret } from "../../kernel/index.ts";
import { withPlainText } from "./argument.ts";
import type { OperatorCall, Result } from "./row.ts";

/** `@secret("env:NAME")`, `@secret("file:/run/secrets/name")`: a secret from where the host keeps it. */
export function secret(call: OperatorCall): Result {
  return withPlainText(call, "from", (from) => {
    const colon = from.indexOf(":");
    const scheme = from.slice(0, Math.max(colon, 0));
    const name = from.slice(colon + 1);
    if (scheme === "env") return fromEnvironment(call, name);
    if (scheme === "file") return fromFile(call, name);
    const help = 'write @secret("env:NAME") or @secret("file:PATH")';
    if (/^[a-z][a-z0-9+.-]*$/.test(scheme))
      return call.fail("TSK_UNAVAILABLE", `this host keeps no secrets in ${scheme}`, help);
    return call.fail("TSK_ARGUMENTS", "@secret needs to know where the secret is", help);
  });
}

function fromEnvironment(call: OperatorCall, name: string): Result {
  const text = call.ports.env(name);
  if (text !== undefined) return call.give(new Secret(text));
  const message = `the environment variable ${name} is not set`;
  return { absent: { code: "TSK_ENV_MISSING", message, help: `set ${name}` }, node: call.node };
}

/** A line end at the end of the file is not part of the secret: editors and shells put it there. */
function fromFile(call: OperatorCall, path: string): Result {
  const text = call.ports.readText(call.place.source, path, "secret");
  if (typeof text === "string") return call.give(new Secret(text.replace(/\r?\n$/, "")));
  return text.code === "TSK_FILE_MISSING"
    ? { absent: text, node: call.node }
    : call.fail(text.code, text.message, text.help);
}

/** `@encrypted("tusk:v1:…")`: opened with the key of the host. */
export function encrypted(call: OperatorCall): Result {
  const { decrypt } = call.ports;
  if (decrypt === undefined)
    return call.fail("TSK_UNAVAILABLE", "this host has no key for @encrypted", "set TUSKER_SECRET_KEY");
  return withPlainText(call, "sealed", (sealed) => {
    try {
      return call.give(new Secret(decrypt(sealed)));
    } catch (error) {
      return call.fail("TSK_DECRYPT", `the value cannot be opened: ${messageOf(error)}`);
    }
  });
}
