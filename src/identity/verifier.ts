import { createPublicKey, type KeyObject, verify } from "node:crypto";
import type { Clock } from "../kernel/index.ts";
import { type CompactParts, readObject, refused, splitToken } from "./jws.ts";

/** An Ed25519 public key as RFC 8037 §2 writes it. */
export interface PublicJwk {
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  readonly x: string;
  readonly kid: string;
  readonly alg: "EdDSA";
  readonly use: "sig";
}

/** What a token says, believed. */
export interface Claims {
  readonly subject: string;
  readonly audience: string;
  readonly scopes: readonly string[];
  /** Milliseconds since the epoch. */
  readonly issuedAtMs: number;
  /** Milliseconds since the epoch; from here on the token is worth nothing. */
  readonly expiresAtMs: number;
  /** Unique per token, for the audit log. */
  readonly id: string;
}

/** What the one who reads a token expects of it. */
export interface Expected {
  /** The name this reader goes by. */
  readonly audience: string;
  readonly clock: Clock;
  /** How far the clocks of minter and reader may differ; default 0 (one machine). */
  readonly leewayMs?: number;
}

export interface Verifier {
  /**
   * The claims of a token signed by one of the keys, meant for `audience`, alive now.
   *
   * @throws TuskerError IDENTITY_TOKEN for everything else; the error never holds any of the token
   */
  verify(token: string, expected: Expected): Claims;
}

/** @param keys whose tokens are believed; several while keys are being changed. */
export function createVerifier(keys: readonly PublicJwk[]): Verifier {
  const byId = new Map<string, KeyObject>(
    keys.map((jwk) => [jwk.kid, createPublicKey({ key: { ...jwk }, format: "jwk" })]),
  );
  return {
    verify(token, expected) {
      const parts = splitToken(token);
      // Signature first: nothing of the payload is looked at before it is known whose it is.
      checkSignature(parts, byId.get(parts.header.kid));
      return checkClaims(readClaims(readObject(parts.payload)), expected);
    },
  };
}

interface ReadClaims extends Claims {
  readonly notBeforeMs: number;
}

function checkSignature(parts: CompactParts, key: KeyObject | undefined): void {
  if (key === undefined) throw refused("it is signed by a key this fleet does not know");
  if (!verify(null, parts.signingInput, key, parts.signature)) throw refused("its signature is wrong");
}

function readClaims(payload: Readonly<Record<string, unknown>>): ReadClaims {
  const scope = text(payload, "scope");
  return {
    subject: text(payload, "sub"),
    audience: text(payload, "aud"),
    scopes: scope === "" ? [] : scope.split(" "),
    issuedAtMs: seconds(payload, "iat"),
    notBeforeMs: seconds(payload, "nbf"),
    expiresAtMs: seconds(payload, "exp"),
    id: text(payload, "jti"),
  };
}

function checkClaims({ notBeforeMs, ...claims }: ReadClaims, expected: Expected): Claims {
  const leewayMs = expected.leewayMs ?? 0;
  const now = expected.clock.wall();
  if (claims.audience !== expected.audience) throw refused("it is meant for somebody else");
  // RFC 7519 §4.1.4: on or after `exp` it must not be accepted.
  if (now >= claims.expiresAtMs + leewayMs) throw refused("it has expired");
  if (now < notBeforeMs - leewayMs) throw refused("it is not valid yet; check the clocks of both machines");
  return claims;
}

function text(payload: Readonly<Record<string, unknown>>, name: string): string {
  const value = payload[name];
  if (typeof value !== "string") throw refused(`its claim ${name} is missing or no text`);
  return value;
}

function seconds(payload: Readonly<Record<string, unknown>>, name: string): number {
  const value = payload[name];
  if (typeof value !== "number" || !Number.isSafeInteger(value))
    throw refused(`its claim ${name} is missing or no whole number`);
  return value * 1000;
}
