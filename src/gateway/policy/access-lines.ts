import { appendFile } from "node:fs/promises";
import { type Clock, messageOf } from "../../kernel/index.ts";
import type { Logger } from "../../telemetry/index.ts";

/** Lines on their way to a file or to standard output. Disposing it writes what is left, for a second at most. */
export interface LineQueue extends AsyncDisposable {
  /** Never waits: a line that finds no room is dropped. */
  write(line: string): void;
  /** Lines dropped since the start, for want of room or because they could not be written. */
  readonly dropped: number;
}

export interface LineQueuePorts {
  /** Writes several lines at once; the next ones wait until it is done. */
  readonly append: (text: string) => Promise<void>;
  /** Hears of the first of several failures in a row. */
  readonly onFailure: (error: unknown) => void;
  readonly clock: Clock;
}

/** Most characters that wait for whoever takes them. */
const mostWaiting = 1_048_576;
/** How long a disk that hangs, or a reader that stopped, may hold up an end. */
const lastWordsMs = 1_000;

/** Whoever takes the lines may be slow or stand still: as many as came meanwhile are written at once, and none is waited for. */
export function lineQueue({ append, onFailure, clock }: LineQueuePorts): LineQueue {
  let waiting: string[] = [];
  let chars = 0;
  let dropped = 0;
  let failing = false;
  let writing: Promise<void> | undefined;

  const run = async (): Promise<void> => {
    while (waiting.length > 0) {
      const lines = waiting;
      waiting = [];
      chars = 0;
      try {
        await append(`${lines.join("\n")}\n`);
        failing = false;
      } catch (error) {
        dropped += lines.length;
        // Once, not with every batch.
        if (!failing) onFailure(error);
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
      writing ??= run();
    },
    get dropped() {
      return dropped;
    },
    async [Symbol.asyncDispose]() {
      if (writing === undefined) return;
      const late = Promise.withResolvers<void>();
      using _timer = clock.after(lastWordsMs, late.resolve);
      await Promise.race([writing, late.promise]);
    },
  };
}

/**
 * Lines for a file. It is opened for each batch, so that whoever rotates logs moves it away and needs to tell nobody.
 * Several threads may have the same file: a batch is one write at its end (POSIX O_APPEND).
 */
export function lineFile(path: string, log: Logger, clock: Clock): LineQueue {
  return lineQueue({
    append: (text) => appendFile(path, text, { mode: 0o640 }),
    onFailure: (error) => log.error("access lines cannot be written", { path, error: messageOf(error) }),
    clock,
  });
}
