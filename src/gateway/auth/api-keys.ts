import { hash } from "node:crypto";

/** Knows consumers by their keys. */
export interface ApiKeys {
  /** The consumer a key belongs to; undefined when nobody's. */
  consumerOf(key: string): string | undefined;
}

/** A longer key is nobody's; hashing it would be work for nothing. */
const maxKeyChars = 512;

/**
 * Keys are compared by their SHA-256, so that neither file nor memory holds one, and how long the search takes says
 * nothing about them. Keys are random and long (`openssl rand -base64 32`): a slow hash, made for passwords, would
 * protect nothing more and cost every request.
 *
 * @param consumers name → hashes, each "sha256:" and hexadecimal digits
 */
export function apiKeys(consumers: Readonly<Record<string, readonly string[]>>): ApiKeys {
  const byHash = new Map<string, string>();
  for (const [consumer, hashes] of Object.entries(consumers))
    for (const one of hashes) byHash.set(one, consumer);
  return {
    consumerOf: (key) => (key.length > maxKeyChars ? undefined : byHash.get(`sha256:${hash("sha256", key)}`)),
  };
}
