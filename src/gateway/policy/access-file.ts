import { appendFile } from "node:fs/promises";
import { messageOf } from "../../kernel/index.ts";
import type { Logger } from "../../telemetry/index.ts";

/** Lines for a file. Disposing it writes what is left. */
export interface LineFile extends AsyncDisposable {
  /** Never waits: a line that finds no room is dropped. */
  write(line: string): void;
  /** Lines dropped since the start, for want of room or because the file could not be written. */
  readonly dropped: number;
}

/** Most characters that wait for the disk. */
const mostWaiting = 1_048_576;

/**
 * Appends lines to a file, as many at once as came since the last time. The file is opened for each batch, so that
 * whoever rotates logs moves it away and needs to tell nobody. Several threads may have the same file: a batch is one
 * write at its end (POSIX O_APPEND).
 */
export function lineFile(path: string, log: Logger): LineFile {
  let waiting: string[] = [];
  let chars = 0;
  let dropped = 0;
  let failing = false;
  let writing: Promise<void> | undefined;

  const append = async (): Promise<void> => {
    while (waiting.length > 0) {
      const lines = waiting;
      waiting = [];
      chars = 0;
      try {
        await appendFile(path, `${lines.join("\n")}\n`, { mode: 0o640 });
        failing = false;
      } catch (error) {
        dropped += lines.length;
        // Once, not with every batch.
        if (!failing) log.error("access lines cannot be written", { path, error: messageOf(error) });
        failing = true;
      }
    }
    writing = undefined;
  };
  return {
    write(line) {
      if (chars + line.length > mostWaiting) {
        dropped++;
        return;
      }
      waiting.push(line);
      chars += line.length;
      writing ??= append();
    },
    get dropped() {
      return dropped;
    },
    [Symbol.asyncDispose]: async () => writing,
  };
}
