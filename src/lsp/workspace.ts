import { readdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { type LoadedFleet, loadFleet, readFile } from "../fleet/index.ts";
import {
  type Loaded,
  loadDocument,
  type OperatorPlugin,
  operators,
  parse,
  type SecretProvider,
} from "../tsk/index.ts";
import { byAbsolutePath, type Operators, type Project, type Snapshot, seenFrom } from "./snapshot.ts";

/** A project and what it was made of, which the next version is made of too. */
interface Kept {
  readonly project: Project;
  readonly loaded: Loaded | LoadedFleet;
}

/** What a workspace is made of. */
export interface WorkspaceOptions {
  /** What `@env` reads. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Operators of the host beside those of the language; default none. None that asks the network is run. */
  readonly operators?: readonly OperatorPlugin[];
  /** Where secrets are kept beside variables and files; default nowhere. */
  readonly secrets?: readonly SecretProvider[];
}

/**
 * The files of an editor: those that are open, as they are typed, and those on the disk beside them. Answers with
 * snapshots; one is made when it is asked for and kept until a file changes.
 */
export class Workspace {
  readonly #env: WorkspaceOptions["env"];
  readonly #host: Pick<WorkspaceOptions, "operators" | "secrets">;
  readonly #operators: Operators;
  readonly #open = new Map<string, string>();
  /** Loaded since the last change. */
  #projects = new Map<string, Kept>();
  /** What was loaded before it: most of it is still the same. */
  #before: ReadonlyMap<string, Kept> = this.#projects;
  /** By file, what was seen of it last. */
  readonly #last = new Map<string, Snapshot>();

  constructor(options: WorkspaceOptions) {
    this.#env = options.env;
    this.#host = { operators: options.operators ?? [], secrets: options.secrets ?? [] };
    const brought = (options.operators ?? []).map(({ name, row }) => [name, row] as const);
    this.#operators = { ...operators, ...Object.fromEntries(brought) };
  }

  /** Absolute paths of the files that are open. */
  get files(): readonly string[] {
    return [...this.#open.keys()];
  }

  /** A file is open with this text now. */
  put(file: string, text: string): void {
    this.#open.set(file, text);
    this.forget();
  }

  /** A file was closed: its text is the one on the disk again. */
  close(file: string): void {
    this.#open.delete(file);
    this.#last.delete(file);
    this.forget();
  }

  /** Something on the disk changed. */
  forget(): void {
    // Of several changes in a row only the last is looked at.
    if (this.#projects.size === 0) return;
    this.#before = this.#projects;
    this.#projects = new Map();
  }

  /** The newest version of all that a file belongs to; undefined when there is no such file. */
  project(file: string): Project | undefined {
    return this.snapshot(file)?.project;
  }

  /** The same, seen from the file. */
  snapshot(file: string): Snapshot | undefined {
    const snapshot = this.#look(file);
    if (snapshot !== undefined && this.#open.has(file)) this.#last.set(file, snapshot);
    return snapshot;
  }

  /**
   * The newest text of a file with the values of the version before: for what needs names, not values, and cannot wait
   * until all is loaded. Its document speaks of places that may have moved.
   */
  draft(file: string): Snapshot | undefined {
    const text = this.#open.get(file);
    const last = this.#last.get(file);
    if (text === undefined || last === undefined || last.tree.source.text === text)
      return this.snapshot(file);
    return { ...last, tree: parse(text) };
  }

  #look(file: string): Snapshot | undefined {
    const text = this.#read(file);
    if (text === undefined) return undefined;
    const base = fleetAround(file, (path) => this.#read(path) !== undefined);
    if (base !== undefined) {
      const seen = seenFrom(this.#fleet(base.entry, base.environment), file);
      if (seen !== undefined) return seen;
    }
    const alone = isFleet(file, text) ? this.#fleet(file, undefined) : this.#alone(file);
    return seenFrom(alone, file);
  }

  #fleet(entry: string, environment: string | undefined): Project {
    return this.#kept(`${entry}\0${environment ?? ""}`, (before) => {
      const loaded = loadFleet(entry, {
        environment,
        env: this.#env,
        ...this.#host,
        files: this.#files,
        modules: false,
        before: before?.loaded,
      });
      return { project: { ...projectOf(entry, true, loaded), operators: this.#operators }, loaded };
    });
  }

  #alone(file: string): Project {
    return this.#kept(file, (before) => {
      const [env, files, host] = [this.#env, this.#files, this.#host];
      const loaded = loadDocument({
        entry: file,
        env,
        layers: "entry",
        before: before?.loaded,
        ...files,
        ...host,
      });
      return { project: { ...projectOf(file, false, loaded), operators: this.#operators }, loaded };
    });
  }

  #kept(key: string, make: (before: Kept | undefined) => Kept): Project {
    const known = this.#projects.get(key);
    if (known !== undefined) return known.project;
    const made = make(this.#before.get(key));
    this.#projects.set(key, made);
    return made.project;
  }

  #read(path: string): string | Uint8Array | undefined {
    return this.#open.get(path) ?? onDisk(path);
  }

  /** The disk with the open files over it. */
  readonly #files = {
    readFile: (path: string): string | Uint8Array | undefined => this.#read(resolve(path)),
    list: (folder: string): readonly string[] => {
      const open = this.files.filter((file) => dirname(file) === resolve(folder));
      return [...new Set([...namesIn(resolve(folder)), ...open.map((file) => basename(file))])];
    },
  };
}

function projectOf(entry: string, fleet: boolean, loaded: Loaded): Omit<Project, "operators"> {
  const { document, diagnostics } = loaded;
  return { entry, fleet, document, diagnostics, trees: byAbsolutePath(loaded.trees) };
}

/** A file is a fleet by its name, or because it has services. */
function isFleet(file: string, text: string | Uint8Array): boolean {
  if (basename(file) === "tusker.tsk") return true;
  return typeof text === "string" && /^(?:\[services\]|services\s*[:={])/m.test(text);
}

/** How many folders up a fleet is looked for: `config/services/x.tsk` is two below. */
const highest = 4;

/** The nearest `tusker.tsk` beside or above a file, and the environment whose overlay the file is. */
function fleetAround(
  file: string,
  exists: (path: string) => boolean,
): { readonly entry: string; readonly environment: string | undefined } | undefined {
  let folder = dirname(file);
  for (let up = 0; up < highest; up++) {
    const entry = join(folder, "tusker.tsk");
    if (exists(entry)) {
      const overlay = dirname(file) === join(folder, "environment");
      return { entry, environment: overlay ? basename(file, ".tsk") : undefined };
    }
    folder = dirname(folder);
  }
  return undefined;
}

function onDisk(path: string): Uint8Array | undefined {
  try {
    return readFile(path);
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
