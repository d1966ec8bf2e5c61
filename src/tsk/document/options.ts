import type { HostPorts } from "../operators/row.ts";
import type { Loaded } from "./document.ts";

/** What a document is loaded from. Files and the environment are ports: the language itself touches neither. */
export interface LoadOptions extends HostPorts {
  /** Path of the base file, as `readFile` takes it. Other layers are looked for beside it. */
  readonly entry: string;
  /** Reads a file; undefined when it does not exist. Bytes are read as UTF-8. */
  readonly readFile: (path: string) => string | Uint8Array | undefined;
  /** Names in a folder (its path ends in `/`, or is empty), for includes with a glob; undefined when there is none. */
  readonly list?: ((folder: string) => readonly string[] | undefined) | undefined;
  /**
   * The true path of a file, links resolved; undefined when it does not exist. With it, what is included or read must
   * truly stand below the folder of `entry`; without it the path as written must.
   */
  readonly realPath?: ((path: string) => string | undefined) | undefined;
  /** Folders outside, each with a `/` at its end, from which `@secret("file:…")` may read; default none. */
  readonly secretFolders?: readonly string[] | undefined;
  /** Name of the overlay `environment/<name>.tsk`; it must exist. Without a name there is none. */
  readonly environment?: string | undefined;
  /** What `@env` reads and where `TUSKER__A__B` comes from; default empty. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Overrides `path=value`, later ones win; default none. */
  readonly sets?: readonly string[] | undefined;
  /** An earlier version of the same document: what has not changed since is taken from it. The result is the same. */
  readonly before?: Loaded | undefined;
  /** `entry` reads the base file alone: no other file, no overrides. Default `all`. */
  readonly layers?: "all" | "entry" | undefined;
  /**
   * How far one cause is looked for of several problems: `edits` tries edits on the base file, see `withoutOneEdit`; `file` looks
   * at each file alone, for whoever judges the document further; `none` tells whatever is wrong. Default `edits`.
   */
  readonly causes?: "edits" | "file" | "none" | undefined;
}
