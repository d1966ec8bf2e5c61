import { type FSWatcher, watch } from "node:fs";
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
 * @param from the folders of these files should be there; a file itself may be replaced by another one of its name
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
  const follow = (read: ReadFrom | undefined): void => {
    if (read !== undefined) {
      folders.follow(read);
      ttlMs = read.ttlMs;
    }
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

  follow({ files, folders }: ReadFrom): void {
    const followed = new Map<string, Names>();
    const at = (folder: string): Names => {
      const names = followed.get(folder) ?? { names: new Set(), listed: false };
      followed.set(folder, names);
      return names;
    };
    for (const file of files) at(dirname(resolve(file))).names.add(basename(file));
    for (const folder of folders) at(resolve(folder)).listed = true;
    this.#followed = followed;
    for (const [folder, watcher] of this.#watchers) {
      if (followed.has(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const folder of followed.keys()) this.#watch(folder);
  }

  #watch(folder: string): void {
    if (this.#watchers.has(folder) || this.#watchers.size >= mostFolders) return;
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
    } catch {
      // There is no such folder, or no watch to be had: then a signal is the way.
    }
  }
}
