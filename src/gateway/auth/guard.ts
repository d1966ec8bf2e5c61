import { type Clock, TuskerError } from "../../kernel/index.ts";
import type { Guard, Verdict, Visit } from "../policy/visit.ts";
import type { RouteSettings } from "../section.ts";
import type { ApiKeys } from "./api-keys.ts";
import type { TokenClaims, Tokens } from "./tokens.ts";

export interface AuthPorts {
  readonly keys: ApiKeys;
  /** Field that holds a key. */
  readonly keyHeader: string;
  /** Undefined where no issuer is trusted. */
  readonly tokens: Tokens | undefined;
  readonly clock: Clock;
}

/**
 * Lets through who shows a good key or token, as the route wants it. A request that shows something bad is refused even
 * if it shows something good beside it: whoever sends both does not know who he is.
 *
 * @param timeoutMs longest wait for an issuer: the whole time of a request
 */
export function auth(settings: RouteSettings, ports: AuthPorts, timeoutMs: number): Guard {
  const ways = new Set(settings.auth);
  const keyHeader = ports.keyHeader.toLowerCase();
  const consumers = settings.consumers === undefined ? undefined : new Set(settings.consumers);
  const scopes = settings.scopes ?? [];
  const challenge = challenges(ways);

  const admit = (visit: Visit, consumer: string, granted: ReadonlySet<string> | undefined): Verdict => {
    visit.consumer = consumer;
    if (consumers?.has(consumer) === false) return denied("this consumer may not use this route");
    const lacking = scopes.filter((scope) => granted?.has(scope) !== true);
    return lacking.length === 0 ? undefined : denied(`the token lacks the scope ${lacking.join(", ")}`);
  };
  const byToken = (visit: Visit, claims: TokenClaims | undefined): Verdict => {
    if (claims === undefined) return unknown("the token is not valid", challenge);
    visit.lasting = claims;
    return admit(visit, claims.consumer, claims.scopes);
  };

  return (visit) => {
    const key = ways.has("key") ? visit.header(keyHeader) : undefined;
    const token = ways.has("jwt") ? bearerOf(visit.header("authorization")) : undefined;
    const consumer = key === undefined ? undefined : ports.keys.consumerOf(key);
    if (key !== undefined && consumer === undefined) return unknown("the API key is not known", challenge);
    if (token === undefined || ports.tokens === undefined)
      return consumer === undefined
        ? unknown("this route wants to know who asks", challenge)
        : admit(visit, consumer, undefined);
    const claims = ports.tokens.check(token);
    if (!(claims instanceof Promise)) return byToken(visit, claims);
    return within(claims, timeoutMs, ports.clock).then(
      (found) => byToken(visit, found),
      (error: unknown) => {
        if (error instanceof TuskerError) return { kind: "refuse", error };
        throw error;
      },
    );
  };
}

/** An issuer that hangs must not hold a request up for longer than it has. */
async function within<T>(claims: Promise<T>, ms: number, clock: Clock): Promise<T> {
  const late = Promise.withResolvers<T>();
  const timer = clock.after(ms, () => late.reject(keysLate()));
  try {
    return await Promise.race([claims, late.promise]);
  } finally {
    timer.cancel();
  }
}

function keysLate(): TuskerError {
  return new TuskerError(
    "GATEWAY_KEYS_UNAVAILABLE",
    "the keys that tokens are checked with did not come in the time of this request",
    { details: { retry_after_ms: 1_000 } },
  );
}

/** RFC 6750 §2.1. What stands there is looked at when it is verified: a token that is known was fine. */
function bearerOf(authorization: string | undefined): string | undefined {
  if (authorization === undefined || authorization.slice(0, 7).toLowerCase() !== "bearer ") return undefined;
  return authorization.slice(7).trim() || undefined;
}

/** RFC 9110 §11.6.1: a 401 says how to come back. */
function challenges(ways: ReadonlySet<string>): readonly string[] {
  const fields = ways.has("jwt") ? ["WWW-Authenticate", 'Bearer realm="gateway"'] : [];
  if (ways.has("key")) fields.push("WWW-Authenticate", 'ApiKey realm="gateway"');
  return fields;
}

function unknown(message: string, fields: readonly string[]): Verdict {
  return { kind: "refuse", error: new TuskerError("GATEWAY_UNAUTHENTICATED", message), fields };
}

function denied(message: string): Verdict {
  return { kind: "refuse", error: new TuskerError("GATEWAY_FORBIDDEN", message) };
}
