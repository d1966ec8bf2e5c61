import { createHash } from "node:crypto";
import type { Secret } from "../../kernel/index.ts";
import { type Access, type AclRules, accessOf, everything } from "./access.ts";

/** Who may do what. Its presence turns the rules on: what nobody allowed is denied. */
export interface AclSettings {
  /** For who shows no token, and for DNS, which has none. Default: nothing. */
  readonly anonymous?: AclRules | undefined;
  /** By name. */
  readonly tokens: Readonly<Record<string, AclToken>>;
}

/** A token with its rules. */
export type AclToken = AclRules & { readonly secret: Secret };

/** The tokens that are known. */
export interface Tokens {
  /** False: no rules are in force, and tokens are not looked at. */
  readonly enforced: boolean;
  /** Whose access a secret gives; "" is who shows none. Undefined: nobody knows it. */
  find(secret: string): Holder | undefined;
}

/** Who shows a token. */
export interface Holder {
  /** Undefined: nobody, the anonymous. */
  readonly name: string | undefined;
  readonly access: Access;
}

/** Tokens where no rules are in force. */
export const openToAll: Tokens = {
  enforced: false,
  find: () => ({ name: undefined, access: everything }),
};

/** Secrets are kept and looked up as digests: how long a lookup takes says nothing of them. */
export function tokensOf({ anonymous = {}, tokens }: AclSettings): Tokens {
  const nobody: Holder = { name: undefined, access: accessOf(anonymous) };
  const holders = new Map(
    Object.entries(tokens).map(([name, token]): [string, Holder] => [
      digest(token.secret.reveal()),
      { name, access: accessOf(token) },
    ]),
  );
  return {
    enforced: true,
    find: (secret) => (secret === "" ? nobody : holders.get(digest(secret))),
  };
}

function digest(secret: string): string {
  return createHash("sha256").update(secret).digest("base64");
}
