import type { TskCode } from "./codes.ts";

/** What a host may know of its machine. The language touches no file, clock or key itself. */
export interface MachinePorts {
  /** Milliseconds since 1970, for `@date`; `SOURCE_DATE_EPOCH` in the environment goes before it. */
  readonly now?: (() => number) | undefined;
  /** The digest of a text's UTF-8 bytes in hexadecimal, for `@hash`. */
  readonly digest?: ((algorithm: "sha256" | "sha512", text: string) => string) | undefined;
  /** Opens a `tusk:v1:…` text, for `@encrypted`. Throws with a sentence when it cannot. */
  readonly decrypt?: ((sealed: string) => string) | undefined;
  /** Facts of this machine and application, for `@host.…` and `@app.version`. */
  readonly facts?: (() => HostFacts) | undefined;
  /** The reader of another format, for `@yaml` and `@toml`, or why there is none. A reader throws for what is not of it. */
  readonly reader?: ((format: DataFormat) => ((text: string) => unknown) | Refusal) | undefined;
}

/** Formats of data files that the language does not read itself. */
export type DataFormat = "YAML" | "TOML";

/**
 * Where a host keeps secrets beside variables and files: `@secret("vault:kv/app#key")` asks the provider `vault` for
 * `kv/app#key`.
 */
export interface SecretProvider {
  /** The word before the colon: lower-case letters, digits, `+`, `.` and `-`; not `env` or `file`. */
  readonly scheme: string;
  /** `network` providers run only when the host permits it; no file can. */
  readonly class: "local" | "network";
  /**
   * The secret, undefined when there is none; throws when it cannot be told. It must answer at once: a provider that asks
   * over a network keeps what it was told before, for no longer than `ttlMs` (0: as it likes).
   */
  readonly read: (name: string, options: { readonly ttlMs: number }) => string | undefined;
}

/** Facts of the machine. */
export interface HostFacts {
  readonly name: string;
  readonly cpus: number;
  /** Address by the name of its interface; the one under "" is taken when none is named. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Version of the application, when it has one. */
  readonly version?: string | undefined;
}

/** Why something is not given. */
export interface Refusal {
  readonly code: TskCode;
  readonly message: string;
  readonly help?: string;
}
