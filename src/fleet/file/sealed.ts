import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { TuskerError } from "../../kernel/index.ts";

const version = "tusk:v1:";
const secretPrefix = "tusk-secret-key:v1:";
const publicPrefix = "tusk-public-key:v1:";

// RFC 8410 §7: what stands before the 32 bytes of an X25519 key in PKCS #8 and SPKI.
const pkcs8 = Buffer.from("302e020100300506032b656e04220420", "hex");
const spki = Buffer.from("302a300506032b656e032100", "hex");

/** A pair of keys as text: the public one seals and may stand in the repository, the secret one opens. */
export interface SealKeys {
  readonly secretKey: string;
  readonly publicKey: string;
}

/** Makes a new pair of keys. */
export function generateSealKeys(): SealKeys {
  const { privateKey, publicKey } = generateKeyPairSync("x25519");
  const raw = privateKey.export({ format: "der", type: "pkcs8" }).subarray(-32);
  return { secretKey: secretPrefix + raw.toString("base64url"), publicKey: publicText(publicKey) };
}

/** The public key that belongs to a secret one. */
export function publicKeyOf(secretKey: string): string {
  return publicText(createPublicKey(readSecretKey(secretKey)));
}

/**
 * Seals a text for `@encrypted`: X25519 with a new key of its own for every text, HKDF-SHA-256, AES-256-GCM.
 *
 * @example seal("sk_live_1", publicKey) // "tusk:v1:…"
 */
export function seal(text: string, publicKey: string): string {
  const recipient = readPublicKey(publicKey);
  const own = generateKeyPairSync("x25519");
  const ownBytes = rawPublic(own.publicKey);
  const id = keyId(recipient);
  const nonce = randomBytes(12);
  const cipher = createCipheriv(
    "aes-256-gcm",
    sharedKey(own.privateKey, recipient, ownBytes, recipient),
    nonce,
  );
  cipher.setAAD(Buffer.concat([Buffer.from(version), id]));
  const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return version + Buffer.concat([id, ownBytes, nonce, cipher.getAuthTag(), sealed]).toString("base64url");
}

/**
 * Opens a sealed text with the secret key it was sealed for; several keys are there while one replaces another.
 *
 * @throws TuskerError FLEET_SEALED when no key fits or the text was changed
 */
export function unseal(sealed: string, secretKeys: readonly string[]): string {
  const bytes = sealed.startsWith(version)
    ? Buffer.from(sealed.slice(version.length), "base64url")
    : undefined;
  if (bytes === undefined || bytes.length < 68) throw refused(`it is not written as ${version}…`);
  const id = bytes.subarray(0, 8);
  const key = secretKeys.map(readSecretKey).find((one) => keyId(createPublicKey(one)).equals(id));
  if (key === undefined)
    throw refused(`it is sealed for the key ${id.toString("hex")}, which this host does not have`);
  const own = bytes.subarray(8, 40);
  const recipient = createPublicKey(key);
  const decipher = createDecipheriv(
    "aes-256-gcm",
    sharedKey(key, fromRaw(own), own, recipient),
    bytes.subarray(40, 52),
  );
  decipher.setAAD(Buffer.concat([Buffer.from(version), id]));
  decipher.setAuthTag(bytes.subarray(52, 68));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(68)), decipher.final()]).toString("utf8");
  } catch (error) {
    throw refused("it was changed after it was sealed", error);
  }
}

/** The keys in a text, separated by commas or white space. */
export function secretKeysIn(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((one) => one !== "");
}

/** RFC 5869; both public keys are bound in, so that a sealed text cannot be moved to another key. */
function sharedKey(own: KeyObject, other: KeyObject, sender: Buffer, recipient: KeyObject): Buffer {
  const secret = diffieHellman({ privateKey: own, publicKey: other });
  const salt = Buffer.concat([sender, rawPublic(recipient)]);
  return Buffer.from(hkdfSync("sha256", secret, salt, "tusker sealed value v1", 32));
}

function keyId(publicKey: KeyObject): Buffer {
  return createHash("sha256").update(rawPublic(publicKey)).digest().subarray(0, 8);
}

function rawPublic(key: KeyObject): Buffer {
  return key.export({ format: "der", type: "spki" }).subarray(-32);
}

function publicText(key: KeyObject): string {
  return publicPrefix + rawPublic(key).toString("base64url");
}

function fromRaw(bytes: Buffer): KeyObject {
  return createPublicKey({ key: Buffer.concat([spki, bytes]), format: "der", type: "spki" });
}

function readPublicKey(text: string): KeyObject {
  return fromRaw(keyBytes(text, publicPrefix, "public"));
}

function readSecretKey(text: string): KeyObject {
  const bytes = keyBytes(text, secretPrefix, "secret");
  return createPrivateKey({ key: Buffer.concat([pkcs8, bytes]), format: "der", type: "pkcs8" });
}

/** Bytes of a key. The text never stands in a message: it may be the secret one, given for the other. */
function keyBytes(text: string, prefix: string, kind: string): Buffer {
  const bytes = text.startsWith(prefix) ? Buffer.from(text.slice(prefix.length), "base64url") : undefined;
  if (bytes?.length === 32) return bytes;
  throw refused(`a ${kind} key begins with ${prefix} and is made by \`tusker secret keygen\``);
}

function refused(message: string, cause?: unknown): TuskerError {
  return new TuskerError("FLEET_SEALED", message, cause === undefined ? {} : { cause });
}
