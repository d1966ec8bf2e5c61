import type { LoadedFleet } from "../fleet/index.ts";

type Document = LoadedFleet["document"];

/**
 * The variable that holds the secret at a path: the one the file reads, where the value is that variable and nothing
 * else. What is put together (`"Bearer ${$key}"`) is a secret of its own and is named after its place.
 *
 * @example secretVariable(document, ["services", "pay-service", "config", "api_key"]) // "STRIPE_API_KEY"
 */
export function secretVariable(document: Document, path: readonly string[]): string {
  const [origin] = document.origin(path);
  if (origin?.variable !== undefined) return origin.variable;
  const text = origin === undefined ? undefined : document.sources.get(origin.file)?.text;
  if (origin === undefined || text === undefined) return nameOf(path);
  const written = text.slice(origin.start, origin.end).trim();
  return variableRead(written) ?? variableRead(definitionOf(written, text)) ?? nameOf(path);
}

/** `@env.secure("NAME")`, with a default or without, and nothing around it. */
function variableRead(written: string | undefined): string | undefined {
  return /^@env(?:\.secure)?\(\s*(["'])([A-Za-z_]\w*)\1\s*(?:,[^()]*)?\)$/.exec(written ?? "")?.[2];
}

/** What `$name` stands for. A variable is seen in its own file only and is set there once. */
function definitionOf(written: string, text: string): string | undefined {
  const name = /^\$([A-Za-z_]\w*)$/.exec(written)?.[1];
  if (name === undefined) return undefined;
  return new RegExp(`^[ \\t]*\\$${name}[ \\t]*[:=][ \\t]*([^\\n#]*?)[ \\t;\\r]*(?:#.*)?$`, "m").exec(
    text,
  )?.[1];
}

/** services.payment-service.config.stripe_api_key → PAYMENT_SERVICE_STRIPE_API_KEY */
function nameOf(path: readonly string[]): string {
  const words = path.filter((word) => word !== "services" && word !== "config" && word !== "env");
  return words
    .join("_")
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]+/g, "_");
}
