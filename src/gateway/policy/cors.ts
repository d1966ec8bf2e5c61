import type { HeaderList } from "../../net/index.ts";
import type { RouteSettings } from "../section.ts";
import type { Guard, Visit } from "./visit.ts";

type CorsSettings = NonNullable<RouteSettings["cors"]>;

/**
 * Cross-origin rules (Fetch standard §3.2). A preflight is answered here, before anybody asks who the page is: it
 * carries no credentials. Other requests go on; whether the page may read the answer is said on it.
 *
 * @param methods those of the route; undefined means all
 */
export function cors(settings: CorsSettings, methods: readonly string[] | undefined): Guard {
  const any = settings.origins.includes("*");
  const origins = new Set(settings.origins);
  return (visit) => {
    const origin = visit.header("origin");
    // The answer differs by origin even where there is none: caches must know.
    if (!any) visit.answerFields.push("Vary", "Origin");
    const allowed = origin !== undefined && (any || origins.has(origin));
    const fields = allowed ? permission(settings, any ? "*" : origin) : [];
    if (!isPreflight(visit)) {
      if (allowed && settings.expose.length > 0)
        fields.push("Access-Control-Expose-Headers", settings.expose.join(", "));
      visit.answerFields.push(...fields);
      return undefined;
    }
    if (allowed) fields.push(...preflight(settings, methods, visit));
    return { kind: "answer", answer: { status: 204, headers: [...visit.answerFields, ...fields] } };
  };
}

/**
 * The fields of a service's answer without its own permissions. Beside ours a browser would refuse both, and what the
 * route forbids the service must not allow.
 */
export function withoutPermissions(fields: HeaderList): string[] {
  const out: string[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? "";
    if (!/^access-control-/i.test(name)) out.push(name, fields[i + 1] ?? "");
  }
  return out;
}

/** Fetch standard §3.2.2: OPTIONS with both of these is a preflight; any other OPTIONS is the service's own. */
export function isPreflight({ method, header }: Pick<Visit, "method" | "header">): boolean {
  return (
    method === "OPTIONS" &&
    header("origin") !== undefined &&
    header("access-control-request-method") !== undefined
  );
}

function permission(settings: CorsSettings, origin: string): string[] {
  const fields = ["Access-Control-Allow-Origin", origin];
  if (settings.credentials) fields.push("Access-Control-Allow-Credentials", "true");
  return fields;
}

function preflight(settings: CorsSettings, methods: readonly string[] | undefined, visit: Visit): string[] {
  const asked = visit.header("access-control-request-method") ?? "";
  const headers = settings.headers?.join(", ") ?? visit.header("access-control-request-headers");
  const allowed = settings.methods ?? methods ?? [asked];
  return [
    "Access-Control-Allow-Methods",
    allowed.join(", "),
    ...(headers === undefined || headers === "" ? [] : ["Access-Control-Allow-Headers", headers]),
    "Access-Control-Max-Age",
    String(Math.floor(settings.max_age / 1000)),
  ];
}
