import { hash } from "node:crypto";
import { type Clock, TuskerError } from "../../kernel/index.ts";
import type { HttpClient } from "../../net/index.ts";
import { type Lasting, lasts } from "../policy/visit.ts";
import type { GatewaySettings } from "../section.ts";
import type { CryptoKey, joseErrors, LocalJWKSet } from "./jose.ts";
import { type IssuerKeys, issuerKeys } from "./jwks.ts";
import { Recent } from "./recent.ts";

type JwtSettings = NonNullable<GatewaySettings["jwt"]>;

/** Who a token speaks for. */
export interface TokenClaims extends Lasting {
  readonly consumer: string;
  readonly scopes: ReadonlySet<string>;
}

/** Checks tokens. */
export interface Tokens {
  /** Undefined for a token that is not good; why is nobody's business outside. */
  check(token: string): TokenClaims | undefined | Promise<TokenClaims | undefined>;
  readonly cached: number;
}

export interface TokensPorts {
  readonly http: HttpClient;
  /** Of what only the registry knows where it is, the address now. */
  readonly address: (written: string, signal: AbortSignal) => Promise<string>;
  readonly clock: Clock;
  readonly onKeysFailure: (error: unknown) => void;
}

const maxTokenChars = 8_192;
/** Verified tokens that are remembered; past it those unused for longest are forgotten. */
const maxCached = 10_000;
/** A token is looked at anew after this, so that a key that was withdrawn stops counting. */
const maxCachedMs = 300_000;
const fetchTimeoutMs = 5_000;
const maxKeySetBytes = 1_048_576;

/** Tokens of one issuer (RFC 7519), verified once and then remembered by their hash until they end. */
export function tokens(settings: JwtSettings, ports: TokensPorts): Tokens {
  const { clock } = ports;
  const cache = new Recent<TokenClaims>(maxCached);
  /** Checks under way: a token that comes again meanwhile, or the long way after the short one, waits for the first. */
  const running = new Map<string, Promise<TokenClaims | undefined>>();
  let verifier: Promise<Verifier> | undefined;

  const remembered = (key: string): TokenClaims | undefined => {
    const found = cache.get(key);
    if (found === undefined || lasts(found, clock)) return found;
    cache.delete(key);
    return undefined;
  };
  const verify = async (token: string, key: string): Promise<TokenClaims | undefined> => {
    verifier ??= makeVerifier(settings, ports);
    const good = await (await verifier)(token);
    if (good !== undefined) cache.set(key, good);
    return good;
  };
  const begin = (token: string, key: string): Promise<TokenClaims | undefined> => {
    const begun = verify(token, key).finally(() => running.delete(key));
    running.set(key, begun);
    return begun;
  };
  return {
    get cached() {
      return cache.size;
    },
    check(token) {
      if (token.length > maxTokenChars) return undefined;
      const key = hash("sha256", token, "base64url");
      return remembered(key) ?? running.get(key) ?? begin(token, key);
    },
  };
}

type Verifier = (token: string) => Promise<TokenClaims | undefined>;

async function makeVerifier(settings: JwtSettings, ports: TokensPorts): Promise<Verifier> {
  const { jwtVerify, createLocalJWKSet, errors } = await import("jose");
  const keys: IssuerKeys = issuerKeys({
    fetch: () => fetchKeys(settings.jwks_url, ports),
    compile: createLocalJWKSet,
    clock: ports.clock,
    onFailure: ports.onKeysFailure,
  });
  const options = () => ({
    issuer: settings.issuer,
    audience: settings.audience,
    algorithms: settings.algorithms,
    clockTolerance: settings.leeway / 1000,
    currentDate: new Date(ports.clock.wall()),
    requiredClaims: ["exp"],
  });
  const once = async (token: string, by: LocalJWKSet | CryptoKey) => {
    const verified =
      typeof by === "function" ? jwtVerify(token, by, options()) : jwtVerify(token, by, options());
    return toClaims((await verified).payload, settings, ports.clock);
  };
  /** A token that does not name its key may be of any that fits. */
  const byEach = async (token: string, fitting: AsyncIterable<CryptoKey>): Promise<Verified> => {
    let tried = 0;
    for await (const key of fitting) {
      if (++tried > mostKeysTried) break;
      const found = await once(token, key).catch(refusedBy(errors));
      if (found !== "other key") return found;
    }
    return "other key";
  };
  const by = (token: string, set: LocalJWKSet): Promise<Verified> =>
    once(token, set).catch((error: unknown) =>
      error instanceof errors.JWKSMultipleMatchingKeys ? byEach(token, error) : refusedBy(errors)(error),
    );
  return async (token) => {
    const first = await keys.current();
    const found = await by(token, first);
    if (found !== "other key") return found;
    // The issuer may have changed its keys since, under the same name or another.
    const fresh = await keys.renew();
    const again = fresh === first ? "other key" : await by(token, fresh);
    return again === "other key" ? undefined : again;
  };
}

/** What a token is good for, or that the key it was signed with is not among ours. */
type Verified = TokenClaims | undefined | "other key";

/** Of keys that nothing tells apart so many are tried: each costs a verification. */
const mostKeysTried = 8;

function refusedBy(errors: typeof joseErrors): (error: unknown) => undefined | "other key" {
  return (error) => {
    if (error instanceof errors.JWKSNoMatchingKey) return "other key";
    if (error instanceof errors.JWSSignatureVerificationFailed) return "other key";
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  };
}

function toClaims(
  payload: Readonly<Record<string, unknown>>,
  settings: JwtSettings,
  clock: Clock,
): TokenClaims | undefined {
  const consumer = payload[settings.consumer_claim];
  if (typeof consumer !== "string" || consumer === "") return undefined;
  const scope = payload.scope ?? payload.scp ?? "";
  const list: unknown[] = Array.isArray(scope) ? scope : String(scope).split(" ");
  return {
    consumer,
    scopes: new Set(list.filter((one) => typeof one === "string" && one !== "").map(String)),
    endMs: typeof payload.exp === "number" ? payload.exp * 1000 + settings.leeway : 0,
    againMs: clock.now() + maxCachedMs,
  };
}

async function fetchKeys(written: string, { http, address, clock }: TokensPorts): Promise<unknown> {
  const late = new AbortController();
  const timer = clock.after(fetchTimeoutMs, () => late.abort());
  try {
    const answer = await http.request({
      method: "GET",
      url: await address(written, late.signal),
      headers: ["Accept", "application/jwk-set+json, application/json"],
      signal: late.signal,
    });
    const text = await answer.text(maxKeySetBytes);
    if (answer.status === 200) return JSON.parse(text);
    throw new TuskerError(
      "GATEWAY_KEYS_UNAVAILABLE",
      `the issuer's keys were answered with status ${answer.status}`,
    );
  } finally {
    timer.cancel();
  }
}
