import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock, Timer } from "../kernel/index.ts";

/**
 * What was last heard of a registry, on disk: a process that starts while it is away begins with that. Disposing
 * writes what still waits.
 */
export interface LastKnown extends AsyncDisposable {
  /** What was saved under a name; undefined: nothing that can be read. */
  load(name: string): Promise<unknown>;
  /** Keeps a value soon; of several that come within a second only the last. */
  save(name: string, value: unknown): void;
}

const writeEveryMs = 1_000;

/**
 * One small file per name, replaced as a whole, for the owner's eyes only. A disk that fails costs nothing but this.
 *
 * @param folder made if need be
 */
export function lastKnown(folder: string, clock: Clock): LastKnown {
  const waiting = new Map<string, unknown>();
  /** Names that were written a moment ago. */
  const resting = new Map<string, Timer>();
  const writing = new Set<Promise<void>>();

  const pathOf = (name: string): string => join(folder, `${encodeURIComponent(name).slice(0, 200)}.json`);
  const replace = async (name: string, value: unknown): Promise<void> => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const path = pathOf(name);
    // Instances of a service share the folder: each writes beside, and the last one whole stands.
    const next = `${path}.${process.pid}`;
    await writeFile(next, JSON.stringify(value), { mode: 0o600 });
    await rename(next, path);
  };
  const write = (name: string): void => {
    const value = waiting.get(name);
    if (!waiting.delete(name)) return;
    const done = replace(name, value)
      .catch(() => undefined)
      .finally(() => writing.delete(done));
    writing.add(done);
  };
  const rest = (name: string): void => {
    const over = (): void => {
      resting.delete(name);
      if (!waiting.has(name)) return;
      write(name);
      rest(name);
    };
    resting.set(name, clock.after(writeEveryMs, over, { background: true }));
  };

  return {
    async load(name) {
      try {
        return JSON.parse(await readFile(pathOf(name), "utf8"));
      } catch {
        return undefined;
      }
    },
    save(name, value) {
      waiting.set(name, value);
      if (resting.has(name)) return;
      write(name);
      rest(name);
    },
    async [Symbol.asyncDispose]() {
      for (const timer of resting.values()) timer.cancel();
      await Promise.all(writing);
      for (const name of [...waiting.keys()]) write(name);
      await Promise.all(writing);
    },
  };
}
