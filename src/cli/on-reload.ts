import { existsSync, type FSWatcher, watch } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import type { ReadFrom } from "../fleet/index.ts";
import { systemClock, type Timer } from "../kernel/index.ts";

/** Editors write a file in several steps; it is read when nothing happened for this long. */
const quietMs = 100;
/** Folders that are watched; a file that lies elsewhere is read again with the others. */
const mostFolders = 128;

/** Why something is read again: its files changed, somebody asked by SIGHUP, or what it holds may have become old. */
export type Reason = "changed" | "old";

/**
 * Calls `run` when a file changed or came of which something was read, on SIGHUP, and when the `ttl` of what was read is
 * over. Disposing it ends that.
 *
 * @param from files and folders may still come; a file may be replaced by another one of its name
 * @param run reads again, and gives what it read from; undefined when that is not known: then it is as before
 */
export function onReload(from: ReadFrom, run: (reason: Reason) => ReadFrom | undefined): Disposable {
  let timer: Timer | undefined;
  let old: Timer | undefined;
  const again = (reason: Reason): void => {
    timer?.cancel();
    old?.cancel();
    follow(run(reason));
  };
  const soon = (): void => {
    timer?.cancel();
    timer = systemClock.after(quietMs, () => again("changed"));
  };
  const folders = new Folders(soon);
  let ttlMs = from.ttlMs;
  let begun = false;
  const follow = (read: ReadFrom | undefined): void => {
    if (read !== undefined) {
      if (folders.follow(read) && begun) soon();
      ttlMs = read.ttlMs;
    }
    begun = true;
    if (ttlMs !== undefined) old = systemClock.after(ttlMs, () => again("old"));
  };
  follow(from);
  process.on("SIGHUP", soon);
  return {
    [Symbol.dispose]() {
      timer?.cancel();
      old?.cancel();
      folders.follow({ files: [], folders: [] });
      process.off("SIGHUP", soon);
    },
  };
}

/** The names of one folder that matter. */
interface Names {
  readonly names: Set<string>;
  /** Whether any name matters that comes or goes, for they were listed. */
  listed: boolean;
}

/** Watches folders, not files: an editor that writes a new file and renames it would leave us with the old one. */
class Folders {
  readonly #changed: () => void;
  readonly #watchers = new Map<string, FSWatcher>();
  #followed: ReadonlyMap<string, Names> = new Map();

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** True when a folder is watched from now on that was not: what came to it a moment before was not heard. */
  follow({ files, folders }: ReadFrom): boolean {
    const followed = new Map<string, Names>();
    const at = (wanted: string): Names => {
      const [folder, missing] = nearest(wanted);
      const names = followed.get(folder) ?? { names: new Set(), listed: false };
      if (missing !== undefined) names.names.add(missing);
      followed.set(folder, names);
      // What comes to the folder above is no name of the one that is missing.
      return missing === undefined ? names : { names: new Set(), listed: false };
    };
    for (const file of files) at(dirname(resolve(file))).names.add(basename(file));
    for (const folder of folders) at(resolve(folder)).listed = true;
    this.#followed = followed;
    for (const [folder, watcher] of this.#watchers) {
      if (followed.has(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    let more = false;
    for (const folder of followed.keys()) more = this.#watch(folder) || more;
    return more;
  }

  #watch(folder: string): boolean {
    if (this.#watchers.has(folder) || this.#watchers.size >= mostFolders) return false;
    try {
      const watcher = watch(folder, (event, name) => {
        const known = this.#followed.get(folder);
        // Files that a cluster mounts are links through `..data`, which is what it replaces.
        const matters = name === null || name === "..data" || known?.names.has(name) === true;
        if (matters || (event === "rename" && known?.listed === true)) this.#changed();
      });
      this.#watchers.set(folder, watcher);
      watcher.on("error", () => {
        // A folder that went away is no reason to stop serving; it is looked for again at the next reading.
        watcher.close();
        this.#watchers.delete(folder);
      });
      return true;
    } catch {
      // No watch is to be had: then a signal is the way.
      return false;
    }
  }
}

/** A folder, or the nearest one above it that is there, and which name must come to that. */
function nearest(folder: string): readonly [folder: string, missing: string | undefined] {
  let missing: string | undefined;
  let at = folder;
  for (; !existsSync(at) && dirname(at) !== at; at = dirname(at)) missing = basename(at);
  return [at, missing];
}
