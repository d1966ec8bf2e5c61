import { cookieOf } from "../match/facts.ts";
import type { RouteSettings } from "../section.ts";
import type { Visit } from "./visit.ts";

type StickySettings = NonNullable<RouteSettings["sticky"]>;

/** Brings clients back to the instance they were at. */
export interface Sticky {
  /** The mark a client came with. */
  markOf(visit: Visit): string | undefined;
  /** What is set when it was at another instance: nothing about the instance can be read from it. */
  cookieFor(mark: string): string;
}

export function sticky(settings: StickySettings): Sticky {
  const seconds = Math.max(1, Math.floor(settings.ttl / 1000));
  return {
    markOf: (visit) => cookieOf(visit.header("cookie"), settings.cookie),
    cookieFor: (mark) => `${settings.cookie}=${mark}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax`,
  };
}
