import type { Version } from "./version.ts";

/** Keys as configuration: published together, with author and reason, remembered, and taken back. */
export interface Configuration {
  /**
   * Writes keys at once or not at all; schemas are obeyed.
   *
   * @throws TuskerError DISCOVERY_UNREACHABLE, DISCOVERY_PROTOCOL, as every method
   */
  publish(publication: Publication): Promise<Published>;
  /** Versions of a key, the newest first; empty: it was never written, or that is no longer known. */
  history(key: string, limit?: number): Promise<readonly KeyVersion[]>;
  /** Publications that changed keys that begin so, the newest first. */
  publications(prefix: string, limit?: number): Promise<readonly PublicationNote[]>;
  /** Makes keys what they were right after a version was written, as a publication of its own. */
  rollback(order: RollbackOrder): Promise<Published>;
}

/** Who wants it and why: kept with every version. */
export interface Authorship {
  readonly author: string;
  readonly reason: string;
  /** Says what would happen and does nothing. */
  readonly dryRun?: boolean;
}

export interface Publication extends Authorship {
  readonly steps: readonly PublicationStep[];
}

export interface PublicationStep {
  readonly key: string;
  /** Undefined: the key goes. */
  readonly value: string | Uint8Array | undefined;
  /** The version its value must have now. */
  readonly ifVersion?: Version | "absent";
}

export interface RollbackOrder extends Authorship {
  /** One key, or all that begin so. */
  readonly of: { readonly key: string } | { readonly prefix: string };
  readonly to: Version;
}

/** What came of an order. */
export type Published =
  | {
      readonly kind: "done";
      /** Undefined in a dry run. */
      readonly version: Version | undefined;
      readonly written: readonly string[];
      readonly removed: readonly string[];
    }
  /** Somebody else was faster. */
  | { readonly kind: "conflict"; readonly keys: readonly { readonly key: string; readonly found: Version }[] }
  /** A schema refuses it. */
  | {
      readonly kind: "invalid";
      readonly problems: readonly { readonly key: string; readonly message: string }[];
    }
  /** What these keys were then is no longer known. */
  | { readonly kind: "unknown"; readonly keys: readonly string[] };

export interface KeyVersion {
  readonly version: Version;
  /** ISO 8601. */
  readonly at: string;
  /** Empty: nobody said. */
  readonly author: string;
  readonly reason: string;
  /** Undefined: the key was removed. */
  readonly value: Uint8Array | undefined;
}

export interface PublicationNote extends Omit<KeyVersion, "value"> {
  readonly keys: readonly string[];
}
