import type { Answer } from "../../net/index.ts";
import type { Pattern } from "../match/pattern.ts";
import type { RouteSettings } from "../section.ts";
import type { Guard } from "./visit.ts";

type RedirectSettings = NonNullable<RouteSettings["redirect"]>;
type AnswerSettings = NonNullable<RouteSettings["answer"]>;

/** Sends the client elsewhere. `{host}`, `{path}`, `{query}` and the parameters of the path are filled in. */
export function redirect(settings: RedirectSettings, pattern: Pattern): Guard {
  // What a request brings begins with its "?": written out in front of it, it would come twice.
  const template = settings.to.replaceAll("?{query}", "{query}");
  const within = template.slice(0, Math.max(0, template.indexOf("{query}"))).includes("?");
  return (visit) => {
    const known: Readonly<Record<string, string>> = {
      ...parametersOf(pattern, visit.path),
      host: visit.host ?? "",
      path: visit.path,
      query: within ? visit.query.slice(1) : visit.query,
    };
    const filled = template.replaceAll(/\{(\w+)\}/g, (whole, name: string) => known[name] ?? whole);
    // RFC 3986 §4.2: two slashes begin the name of a host. Whoever asks must not choose one.
    const to = filled.replace(/^\/{2,}/, "/");
    const headers = ["Location", to, "Content-Length", "0", ...visit.answerFields];
    return { kind: "answer", answer: { status: settings.status, headers } };
  };
}

/** Answers the same to everybody. */
export function staticAnswer(settings: AnswerSettings): Guard {
  return (visit) => ({ kind: "answer", answer: answerOf(settings, visit.answerFields) });
}

/** A fixed answer as it goes out. A 204 or 304 has no body, whatever is written (RFC 9110 §15.3.5, §15.4.5). */
export function answerOf(settings: AnswerSettings, fields: readonly string[]): Answer {
  const own = Object.entries(settings.headers).flat();
  if (settings.status === 204 || settings.status === 304)
    return { status: settings.status, headers: [...own, ...fields] };
  return {
    status: settings.status,
    headers: ["Content-Type", settings.type, ...own, ...fields],
    body: settings.body,
  };
}

/** What the parameters of a pattern stand for in a path; still percent-encoded, as they go into another address. */
export function parametersOf({ segments }: Pattern, path: string): Record<string, string> {
  const parts = path.slice(1).split("/");
  return Object.fromEntries(
    segments.flatMap((segment, i) => (segment.kind === "param" ? [[segment.name, parts[i] ?? ""]] : [])),
  );
}
