import { z } from "zod";
import { type ServiceTarget, targetText, tryServiceUrl } from "../../kernel/index.ts";
import { fromReference } from "../../kernel/section.ts";
import { encodedPath } from "../match/pattern.ts";
import { unsafeRegex } from "../match/safe-regex.ts";
import { meantMethod } from "./methods.ts";

/** A path beginning that is taken off before a request is forwarded; "" takes nothing off. */
export const stripPrefix = plainPath('must be a plain path such as "/api"');

/** A path beginning that is put in front before a request is forwarded. */
export const addPrefix = plainPath('must be a plain path such as "/internal"');

export const method = z
  .string('must be an HTTP method such as "GET"')
  .regex(/^[A-Z][A-Z0-9_-]*$/, 'must be an HTTP method in capitals, such as "GET"')
  .refine((name) => name !== "CONNECT", "must not be CONNECT: the gateway makes no tunnels")
  .superRefine((name, ctx) => {
    const meant = meantMethod(name);
    if (meant !== undefined)
      ctx.addIssue({ code: "custom", message: `must be a method: did you mean "${meant}"?` });
  });

/** A host as clients ask for it, or `*.` and the end of one. */
export const host = z
  .string('must be a host such as "shop.example" or "*.shop.example"')
  .regex(
    /^(?:\*\.)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/,
    'must be a host in lower case without port, such as "shop.example" or "*.shop.example"',
  );

export const headerName = z
  .string("must be the name of a field")
  .regex(/^[A-Za-z0-9!#$%&'*+.^`|~-]+$/, "must be the name of a field, without underscore");

export const headerValue = z
  .string("must be text")
  // RFC 9110 §5.5: a line break in a value would begin another field.
  .regex(/^[\t\x20-\x7e\x80-\xff]*$/, "must be one line without control characters");

/** What frames a message, or names its ends; the gateway writes it itself. */
export const framing: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "transfer-encoding",
  "trailer",
  "te",
  "upgrade",
  "keep-alive",
]);

/** The name of a field that the file may write. */
export const freeField = headerName.refine(
  (name) => !framing.has(name.toLowerCase()),
  "must not be a field that frames the message: the gateway writes it itself",
);

/** What a field, cookie or parameter must be: a text, `*` for any, `~` and a regular expression for the whole. */
export const valueMatch = z
  .string('must be text, "*" for any, or "~" and a regular expression')
  .superRefine((text, ctx) => {
    if (!text.startsWith("~")) return;
    const problem = unsafeRegex(text.slice(1));
    if (problem !== undefined)
      ctx.addIssue({ code: "custom", message: `must be another expression: it ${problem}` });
  });

/** Where the key of a limit or of a hashing balancer comes from. */
export const keySource = z
  .string("must say where the key comes from")
  .regex(
    /^(?:client|consumer|path|(?:header|cookie|query):[A-Za-z0-9._~-]+)$/,
    'must be "client", "consumer", "path", "header:<name>", "cookie:<name>" or "query:<name>"',
  );

export const serviceName = z.string().min(1, "must name a service");

/** A service by its name, or by `@service`: with a tag it is `name?tag=…` to the room, see `targetOf`. */
export const serviceTarget = fromReference(
  serviceName.transform((text, ctx): string => {
    const target = tryServiceUrl(text)?.target;
    if (target === undefined) return text;
    if (target.port === "grpc")
      ctx.addIssue({ code: "custom", message: "must be asked at its REST port: gateways forward by REST" });
    return targetText(target);
  }),
);

/** What `serviceTarget` gave. */
export function targetOf(text: string): ServiceTarget {
  const at = text.indexOf("?tag=");
  return at < 0 ? { name: text } : { name: text.slice(0, at), tag: text.slice(at + 5) };
}

/** One or several, given to the room as a list. */
export function listOf<T extends z.ZodType<string, string>>(one: T): z.ZodType<string[], string | string[]> {
  return z
    .union([one, z.array(one).min(1, "must hold at least one")])
    .transform((value): string[] => (typeof value === "string" ? [value] : value));
}

function plainPath(expected: string): z.ZodType<string, string> {
  return z
    .string(expected)
    .regex(/^(?:\/[^\s?#*{}/]+)*\/?$/, `${expected}, found something else`)
    .transform((text) => encodedPath(text.replace(/\/$/, "")));
}
