import { fstatSync, writeFile } from "node:fs";
import { promisify } from "node:util";
import { type LineQueue, lineQueue } from "../gateway/index.ts";
import { systemClock, systemCode } from "../kernel/index.ts";

/**
 * Lines for standard output that hold nobody up. Whoever reads them may stand still (a stopped pager, a collector of
 * logs that hangs, Ctrl-S): then as many wait as have room, and the others are dropped and counted.
 */
export function stdoutLines(): LineQueue {
  return lineQueue({
    append: isStream() ? throughStream : promisify(throughFile),
    // A reader that went away (`| head`) wants no more.
    onFailure: (error) => {
      if (systemCode(error) !== "EPIPE")
        process.stderr.write(`standard output cannot be written: ${error}\n`);
    },
    clock: systemClock,
  });
}

function isStream(): boolean {
  const stat = fstatSync(process.stdout.fd);
  return stat.isFIFO() || stat.isSocket();
}

/** Node writes pipes without waiting, and keeps in memory what they do not take: never more than one piece. */
function throughStream(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

/** Of files and terminals `process.stdout` waits in the one thread that serves requests. */
function throughFile(text: string, done: (error: Error | null) => void): void {
  writeFile(process.stdout.fd, text, done);
}
