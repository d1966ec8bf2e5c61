import { type HeaderList, headerOf } from "../../../net/index.ts";

/** Whose pages may call: origins such as `https://shop.example`, or "*" for everybody's. */
export type WebOrigins = ReadonlySet<string>;

/** The fields that let a page read an answer with these fields of its own. */
export type PageFields = (own: HeaderList) => HeaderList;

/** How long a browser remembers what it was told, in seconds. */
const maxAge = "600";

/** What a page always needs to read: the status may stand in the head. */
const always = ["grpc-status", "grpc-message", "grpc-status-details-bin"];

/**
 * The fields for the page that asks (Fetch Standard, CORS protocol); undefined when no page asks or its origin is not
 * allowed: then the browser keeps the answer from it.
 */
export function pageFields(asked: HeaderList, allowed: WebOrigins): PageFields | undefined {
  if (allowed.size === 0) return undefined;
  const allow = allowOrigin(asked, allowed);
  if (allow === undefined) return undefined;
  return (own) => {
    const names = [...always, ...own.filter((_, i) => i % 2 === 0 && !always.includes(own[i] ?? ""))];
    return [...allow, "access-control-expose-headers", names.join(",")];
  };
}

/** The answer to a browser that asks whether a page may call. */
export function preflight(asked: HeaderList, allowed: WebOrigins): HeaderList {
  const allow = allowOrigin(asked, allowed);
  if (allow === undefined) return [":status", "403"];
  const headers = headerOf(asked, "access-control-request-headers") ?? "content-type";
  return [
    ...[":status", "204", ...allow, "access-control-allow-methods", "POST"],
    ...["access-control-allow-headers", headers, "access-control-max-age", maxAge],
  ];
}

function allowOrigin(asked: HeaderList, allowed: WebOrigins): HeaderList | undefined {
  const origin = headerOf(asked, "origin");
  if (origin === undefined) return undefined;
  if (allowed.has("*")) return ["access-control-allow-origin", "*"];
  return allowed.has(origin) ? ["access-control-allow-origin", origin, "vary", "origin"] : undefined;
}
