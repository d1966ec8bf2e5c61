import { messageOf, Secret } from "../../kernel/index.ts";
import type { SecretProvider } from "../ports.ts";
import type { Duration } from "../syntax/tree.ts";
import { type Data, typeName } from "../value/data.ts";
import { readScalar } from "../value/scalar.ts";
import { withPlainText, withValue } from "./argument.ts";
import type { OperatorCall, Result } from "./row.ts";

/**
 * `@secret("env:NAME")`, `@secret("file:/run/secrets/name")`, `@secret("vault:kv/app#key", ttl=5m)`: a secret from where
 * the host keeps it. What is neither a variable nor a file is kept by a provider of the host.
 */
export function secret(call: OperatorCall): Result {
  return withPlainText(call, "from", (from) =>
    withTtl(call, (ttlMs) => {
      const colon = from.indexOf(":");
      const scheme = from.slice(0, Math.max(colon, 0));
      const name = from.slice(colon + 1);
      if (ttlMs > 0 && (scheme === "env" || scheme === "file")) {
        const why =
          scheme === "env"
            ? "a variable does not change while the process runs"
            : "it is read whenever the configuration is";
        return call.fail("TSK_ARGUMENTS", `@secret takes no ttl of ${scheme}: ${why}`, "leave the ttl out");
      }
      if (scheme === "env") return fromEnvironment(call, name);
      if (scheme === "file") return fromFile(call, name);
      const help = 'write @secret("env:NAME") or @secret("file:PATH")';
      if (!/^[a-z][a-z0-9+.-]*$/.test(scheme))
        return call.fail("TSK_ARGUMENTS", "@secret needs to know where the secret is", help);
      const provider = call.ports.secrets?.find((one) => one.scheme === scheme);
      if (provider === undefined)
        return call.fail("TSK_UNAVAILABLE", `this host keeps no secrets in ${scheme}`, help);
      if (provider.class === "network" && call.ports.network !== true) {
        const message = `secrets in ${scheme} are asked for over the network, which this host does not permit`;
        return call.fail("TSK_UNAVAILABLE", message, "a file cannot permit it; the host decides");
      }
      return fromProvider(call, provider, name, ttlMs);
    }),
  );
}

/** How old the answer of a provider may be; zero when nothing is said. */
function withTtl(call: OperatorCall, then: (ttlMs: number) => Result): Result {
  if (!call.has("ttl")) return then(0);
  return withValue(call, "ttl", ({ data }) => {
    const read = typeof data === "string" ? (readScalar(data) ?? data) : data;
    return isDuration(read)
      ? then(read.ms)
      : call.fail("TSK_TYPE", `@secret needs a duration as ttl, found ${typeName(data)}`);
  });
}

function isDuration(data: Data): data is Duration {
  return typeName(data) === "duration";
}

/** What a provider says when it fails may show what it was asked with: the message does not go on. */
function fromProvider(call: OperatorCall, provider: SecretProvider, name: string, ttlMs: number): Result {
  let text: string | undefined;
  try {
    text = provider.read(name, { ttlMs });
  } catch {
    return call.fail("TSK_PLUGIN", `the provider of secrets in ${provider.scheme} failed`);
  }
  if (text !== undefined) return call.give(new Secret(text));
  const message = `there is no secret ${name} in ${provider.scheme}`;
  return { absent: { code: "TSK_NO_KEY", message }, node: call.node };
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
