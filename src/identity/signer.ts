import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from "node:crypto";
import { type Clock, Secret, TuskerError } from "../kernel/index.ts";
import { maxTokenChars, signingInput } from "./jws.ts";
import type { PublicJwk } from "./verifier.ts";

/** Mints tokens with an Ed25519 key that never leaves it. */
export interface Signer {
  /** RFC 7638 thumbprint of the public key; the `kid` of its tokens. */
  readonly keyId: string;
  /** What a verifier needs; may be published. */
  readonly publicJwk: PublicJwk;
  /**
   * A JWS in compact form (RFC 7515 §3.1, EdDSA of RFC 8037 §3.1) with the claims of RFC 7519.
   *
   * @throws TuskerError IDENTITY_INVALID when the request is empty, too large or outlives a year
   */
  mint(request: TokenRequest): Secret;
}

/** What a token shall say. */
export interface TokenRequest {
  /** Who acts: `operator`, a service's name. 1–256 characters. */
  readonly subject: string;
  /** Who shall believe it. 1–256 characters. */
  readonly audience: string;
  /** Actions it is good for; a name, or a prefix ending in `*`. No spaces, at most 64. */
  readonly scopes: readonly string[];
  /** How long it lives; rounded up to whole seconds, at most 366 days. */
  readonly ttlMs: number;
}

const maxTtlMs = 366 * 86_400_000;
const maxScopes = 64;
const maxNameChars = 256;

/**
 * A signer with a fresh key, so tokens of an earlier run are worth nothing.
 *
 * @example
 * const signer = createSigner({ clock });
 * const token = signer.mint({ subject: "operator", audience: "shop", scopes: ["*"], ttlMs: 86_400_000 });
 */
export function createSigner({ clock }: { readonly clock: Clock }): Signer {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const publicJwk = jwkOf(publicKey);
  const keyId = publicJwk.kid;
  return {
    keyId,
    publicJwk,
    mint(request) {
      check(request);
      const input = signingInput(keyId, payloadOf(request, clock.wall()));
      const token = `${input}.${sign(null, Buffer.from(input), privateKey).toString("base64url")}`;
      // Escapes and wide characters in names may swell a token past what a verifier reads.
      if (token.length > maxTokenChars) throw invalid("names and scopes together are too long for one token");
      return new Secret(token);
    },
  };
}

function payloadOf(request: TokenRequest, wallMs: number): object {
  const issued = Math.floor(wallMs / 1000);
  return {
    sub: request.subject,
    aud: request.audience,
    // RFC 8693 §4.2: scopes are one text, parted by spaces.
    scope: request.scopes.join(" "),
    iat: issued,
    nbf: issued,
    exp: Math.ceil((wallMs + request.ttlMs) / 1000),
    jti: randomUUID(),
  };
}

function jwkOf(publicKey: KeyObject): PublicJwk {
  const { x } = publicKey.export({ format: "jwk" });
  if (x === undefined)
    throw new TuskerError("KERNEL_INTERNAL", "an Ed25519 key was exported without its point");
  // RFC 7638 §3.2 and RFC 8037 §2: the required members in lexicographic order, no spaces.
  const thumbprint = createHash("sha256")
    .update(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`)
    .digest("base64url");
  return { kty: "OKP", crv: "Ed25519", x, kid: thumbprint, alg: "EdDSA", use: "sig" };
}

function check(request: TokenRequest): void {
  for (const [what, name] of [
    ["subject", request.subject],
    ["audience", request.audience],
  ] as const) {
    if (name === "" || name.length > maxNameChars)
      throw invalid(`the ${what} has ${name.length} characters; expected 1–${maxNameChars}`);
  }
  if (request.scopes.length > maxScopes)
    throw invalid(`${request.scopes.length} scopes; at most ${maxScopes} fit in a token`);
  for (const scope of request.scopes)
    if (!/^[^\s]{1,256}$/.test(scope))
      throw invalid("a scope is empty, longer than 256 characters or has a space");
  if (!(request.ttlMs > 0 && request.ttlMs <= maxTtlMs))
    throw invalid(`a life of ${request.ttlMs} ms; expected more than 0 and at most 366 days`);
}

function invalid(why: string): TuskerError {
  return new TuskerError("IDENTITY_INVALID", `a token cannot be made of this request: ${why}`);
}
