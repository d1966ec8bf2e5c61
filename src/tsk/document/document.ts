import type { Diagnostic } from "../diagnostic.ts";
import type { LayerName, Location, Source, Span } from "../source.ts";
import type { Tree } from "../syntax/tree.ts";

/** Names a place in a document. Numbers index arrays. */
export type Path = readonly PropertyKey[];

/** Where a value was written, in which layer. */
export interface Origin extends Location {
  readonly layer: LayerName;
  /** What is written there; `[secret]` when the value is one. */
  readonly text: string;
  /** The environment variable an `@env` without a typed default read; its text may still be converted by a schema. */
  readonly variable?: string;
}

/** The merged, evaluated document: plain data in which every leaf knows where it was written and whom it overrode. */
export interface Document {
  /**
   * Plain frozen data: maps, arrays, text, numbers, booleans, null. Durations and sizes are text as written ("30s"),
   * percentages numbers (25% is 0.25), ranges `{ min, max }`, dates text, secrets a kernel `Secret`.
   */
  readonly value: Readonly<Record<string, unknown>>;
  /** Every text the document was made of, by name, in the order of the layers. */
  readonly sources: ReadonlyMap<string, Source>;
  /** Who wrote this value: the winner first, then whom it overrode. Empty when the path is not there. */
  origin(path: Path): readonly Origin[];
  /**
   * Where this path is written (a map: where first), or its nearest parent that exists (`exact` false). `part`
   * defaults to the value.
   */
  locate(path: Path, part?: "key" | "value"): (Location & { readonly exact: boolean }) | undefined;
  /** Keys at a path in the order written; plain objects would sort those that look like numbers first. */
  keys(path: Path): readonly string[];
  /**
   * Text from outside has no type of its own: a schema decides. Gives the document in which the values at these paths
   * are read the other way: text of `@env` as the literal it spells, a literal of `TUSKER__A__B` or `--set` as the
   * text it was, `@service` as its text. Values of other origin stay. Gives the same document when nothing changes.
   *
   * @param booleans those of the paths where `true` or `false` is wanted: there `1` and `0` mean them
   */
  reread(paths: readonly Path[], booleans?: ReadonlySet<Path>): Document;
}

/** What a document does not have: lines that cannot be read, or a value that cannot be had. */
export interface Lost extends Span {
  readonly file: string;
  /** The map in which it stands; of a value, its own path. Undefined when it may stand anywhere. */
  readonly within?: Path;
  /** Lines beside it that are right as one with it: one of them may be the rest of the other. */
  readonly beside?: readonly Span[];
  /** True for a block that has lost its name. */
  readonly unnamed?: boolean;
  /** The keys of a block outside of sections of which the line that opens it cannot be read: it may be any section. */
  readonly holds?: readonly string[];
  /** True for a section that has lost its header: it is read, and may be another one. */
  readonly headless?: boolean;
}

/**
 * A document and all that is wrong with it. With errors in it, `document` holds what can be read: lines that a mistake has
 * touched, and what may have moved with them, are not in it.
 */
export interface Loaded {
  readonly document: Document;
  /** Problems by layer and place; empty means fine. */
  readonly diagnostics: readonly Diagnostic[];
  /** The tree of every file that was read, by name; for tools that work on the text. */
  readonly trees: ReadonlyMap<string, Tree>;
  /** What is not in the document because of them. */
  readonly lost: readonly Lost[];
  /**
   * Keeps secrets out of problems found outside the language, as it was done with `diagnostics`: where lines cannot be read,
   * it is not known of all secrets that they are.
   */
  readonly discreet: (found: readonly Diagnostic[]) => readonly Diagnostic[];
}
