import { TuskerError } from "../kernel/index.ts";

/** Header of every token (RFC 7515 §4.1). `typ` is explicit so that no other kind of JWT passes (RFC 8725 §3.11). */
export interface TokenHeader {
  readonly alg: "EdDSA";
  readonly typ: "tusker+jwt";
  readonly kid: string;
}

/** The three parts of a compact JWS, split but not yet believed. */
export interface CompactParts {
  readonly header: TokenHeader;
  /** What was signed: the two first parts as they stand on the wire (RFC 7515 §5.1). */
  readonly signingInput: Buffer;
  readonly payload: Buffer;
  readonly signature: Buffer;
}

/** Longest token that is looked at; ours are under 1 KiB. Anything longer is refused before it is decoded. */
export const maxTokenChars = 4096;

const headerKeys = new Set(["alg", "typ", "kid"]);
const base64url = /^[A-Za-z0-9_-]+$/;

/** The bytes to be signed for `payload` under the key `kid`. */
export function signingInput(kid: string, payload: object): string {
  const header: TokenHeader = { alg: "EdDSA", typ: "tusker+jwt", kid };
  return `${encodeJson(header)}.${encodeJson(payload)}`;
}

/** Splits a compact JWS and checks its header. @throws TuskerError IDENTITY_TOKEN, never with the token in it */
export function splitToken(token: string): CompactParts {
  if (token.length > maxTokenChars) throw refused(`it is longer than ${maxTokenChars} characters`);
  const [head, body, seal, ...more] = token.split(".");
  if (head === undefined || body === undefined || seal === undefined || more.length > 0)
    throw refused("it does not have three parts");
  return {
    header: readHeader(decodePart(head)),
    signingInput: Buffer.from(`${head}.${body}`, "ascii"),
    payload: decodePart(body),
    signature: decodePart(seal),
  };
}

/** The one error of every refusal: why, and nothing of the token. */
export function refused(why: string): TuskerError {
  return new TuskerError(
    "IDENTITY_TOKEN",
    `the token was refused: ${why}; ask for a new one from the fleet that is running`,
  );
}

/** Parses bytes as a JSON object. @throws TuskerError IDENTITY_TOKEN */
export function readObject(bytes: Buffer): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // The parser's message quotes the input: it must not become a cause.
    throw refused("a part of it is not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw refused("a part of it is not an object");
  return { ...value };
}

function readHeader(bytes: Buffer): TokenHeader {
  const header = readObject(bytes);
  // RFC 8725 §3.1: the verifier names the algorithm. "none", HS256 over the public key and every other one end here.
  if (header.alg !== "EdDSA") throw refused("its algorithm is not EdDSA");
  if (header.typ !== "tusker+jwt") throw refused("its type is not tusker+jwt");
  // RFC 7515 §4.1.11: `crit` must be understood or refused; keys in the header (`jwk`, `jku`) are an attacker's word.
  if (Object.keys(header).some((key) => !headerKeys.has(key)))
    throw refused("its header has a field this version does not know");
  const kid = header.kid;
  if (typeof kid !== "string") throw refused("it names no key");
  return { alg: "EdDSA", typ: "tusker+jwt", kid };
}

function encodeJson(value: object): string {
  return Buffer.from(JSON.stringify(value), "utf8").toString("base64url");
}

function decodePart(text: string): Buffer {
  const bytes = Buffer.from(text, "base64url");
  // Buffer skips what it cannot read, and unused low bits of the last character would let one token have many
  // spellings; only the canonical one is taken (RFC 7515 §2).
  if (!base64url.test(text) || bytes.toString("base64url") !== text)
    throw refused("a part of it is not canonical base64url");
  return bytes;
}
