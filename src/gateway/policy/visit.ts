import type { Clock, TuskerError } from "../../kernel/index.ts";
import type { Answer, HeaderList } from "../../net/index.ts";
import { cookieOf, type Facts, parameterOf } from "../match/facts.ts";

/** A request at the door, as policies see it. */
export interface Visit extends Facts {
  readonly method: string;
  /** Normalised. */
  readonly path: string;
  /** Its address, as far as trusted proxies vouch for it. */
  readonly client: string;
  /** Fires when the client goes away. */
  readonly signal: AbortSignal;
  /** Who it is, once a policy found out. */
  consumer: string | undefined;
  /** How long the same fields mean the same consumer; undefined when nobody says. */
  lasting: Lasting | undefined;
  /** Fields for whatever is answered in the end. */
  readonly answerFields: string[];
}

/** How long what was found out holds. */
export interface Lasting {
  /** When it ends; wall clock, as whoever vouches for it wrote it. */
  readonly endMs: number;
  /** When it is looked at anew; monotonic, so that a wall clock that is set back keeps nobody in. */
  readonly againMs: number;
}

export function lasts({ endMs, againMs }: Lasting, clock: Clock): boolean {
  return endMs > clock.wall() && againMs > clock.now();
}

/** What a policy says: nothing (go on), no, or the answer itself. */
export type Verdict =
  | undefined
  | {
      readonly kind: "refuse";
      readonly error: TuskerError;
      readonly fields?: HeaderList;
      /** In place of the status of its code. */
      readonly status?: number;
    }
  | { readonly kind: "answer"; readonly answer: Answer };

/** A policy before the service is asked. Without a wait its verdict is there at once. */
export type Guard = (visit: Visit) => Verdict | Promise<Verdict>;

/** What `hash` and `rate_limit.key` name, read from a visit; undefined when the request does not have it. */
export function keyOf(source: string, visit: Visit): string | undefined {
  const at = source.indexOf(":");
  const name = source.slice(at + 1);
  switch (at < 0 ? source : source.slice(0, at)) {
    case "client":
      return visit.client;
    case "consumer":
      return visit.consumer;
    case "path":
      return visit.path;
    case "header":
      return visit.header(name);
    case "cookie":
      return cookieOf(visit.header("cookie"), name);
    case "query":
      return parameterOf(visit.query, name);
    default:
      return undefined;
  }
}

/** One after the other, until one has something to say; undefined for none. */
export function inOrder(guards: readonly Guard[]): Guard | undefined {
  const [first, ...rest] = guards;
  const next = rest.length === 0 ? undefined : inOrder(rest);
  if (first === undefined || next === undefined) return first;
  return (visit) => {
    const verdict = first(visit);
    if (!(verdict instanceof Promise)) return verdict ?? next(visit);
    return verdict.then((late) => late ?? next(visit));
  };
}
