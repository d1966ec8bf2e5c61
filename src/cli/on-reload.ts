import { type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";
import { systemClock, type Timer } from "../kernel/index.ts";

/** Editors write a file in several steps; it is read when nothing happened for this long. */
const quietMs = 100;

/**
 * Calls `run` when a file changed, and on SIGHUP for files that it includes. Disposing it ends that.
 *
 * @param path of a file whose folder is there; the file itself may be replaced by another one of its name
 */
export function onReload(path: string, run: () => void): Disposable {
  let timer: Timer | undefined;
  const soon = (): void => {
    timer?.cancel();
    timer = systemClock.after(quietMs, run);
  };
  const watcher = tryWatch(path, soon);
  process.on("SIGHUP", soon);
  return {
    [Symbol.dispose]() {
      timer?.cancel();
      watcher?.close();
      process.off("SIGHUP", soon);
    },
  };
}

/** Undefined where the system has no watch to give: then a signal is the way. */
function tryWatch(path: string, changed: () => void): FSWatcher | undefined {
  try {
    // The folder, not the file: an editor that writes a new file and renames it would leave us with the old one.
    const watcher = watch(dirname(path), (_event, name) => {
      if (name === null || name === basename(path)) changed();
    });
    // A folder that goes away is no reason to stop serving.
    return watcher.on("error", () => {});
  } catch {
    return undefined;
  }
}
