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
  /** Readers of other formats, for `@yaml` and `@toml`. They throw with a sentence. */
  readonly readers?: Readonly<Record<string, ((text: string) => unknown) | undefined>> | undefined;
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
