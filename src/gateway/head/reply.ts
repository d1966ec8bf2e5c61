import type { HeaderList } from "../../net/index.ts";
import { withoutPermissions } from "../policy/cors.ts";
import type { Visit } from "../policy/visit.ts";
import type { Route } from "../route.ts";
import { answerHead } from "./answer.ts";

/** An answer of a service, and the mark of the endpoint that gave it. */
export interface Reply {
  readonly status: number;
  readonly headers: HeaderList;
  readonly mark: string;
}

/**
 * The fields of a service's answer as the client shall see them: the permissions of the route alone, the cookie that
 * brings the client back, what policies said on the way, and last what the file does to answers.
 */
export function replyHead(route: Route, visit: Visit, { status, headers, mark }: Reply): string[] {
  const { sticky, guard, reply } = route;
  const cookie =
    sticky === undefined || sticky.markOf(visit) === mark ? [] : ["Set-Cookie", sticky.cookieFor(mark)];
  const allowed = guard === undefined ? headers : withoutPermissions(headers);
  const fields = answerHead(allowed, status, [...visit.answerFields, ...cookie]);
  return reply === undefined ? fields : reply(fields);
}
