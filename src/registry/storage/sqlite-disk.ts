import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { Worker } from "node:worker_threads";
import { messageOf, TuskerError } from "../../kernel/index.ts";
import type { Disk, StoredChange, StoredRow } from "./disk.ts";
import type { DiskAnswer, DiskOrder } from "./sqlite-worker.ts";

/**
 * A database file, behind a thread of its own: a sync takes milliseconds, and nobody else may wait for it.
 *
 * @throws TuskerError REGISTRY_STORAGE when it cannot be opened, is in use or is damaged
 */
export async function sqliteDisk(path: string): Promise<Disk> {
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (cause) {
    throw unusable(path, messageOf(cause), cause);
  }
  // From a checkout the file beside this one ends in .ts, from the package in .js.
  const file = import.meta.url.endsWith(".ts") ? "./sqlite-worker.ts" : "./sqlite-worker.js";
  const worker = new Worker(new URL(file, import.meta.url), {
    workerData: { path },
    // Flags of this process are its own affair. Node 24 warns of the engine on every start.
    execArgv: ["--disable-warning=ExperimentalWarning"],
    // A batch is soon done with; the usual young generation would keep room for hundreds of them.
    resourceLimits: { maxYoungGenerationSizeMb: 4 },
  });
  const answers = answersOf(worker);
  const opened = await answers.next();
  if (opened.kind !== "opened") {
    await worker.terminate();
    throw unusable(path, opened.kind === "failed" ? opened.reason : opened.kind);
  }
  const ask = async <Kind extends DiskAnswer["kind"]>(
    order: DiskOrder,
    expected: Kind,
  ): Promise<Answered<Kind>> => {
    const next = answers.next();
    worker.postMessage(order);
    const answer = await next;
    if (isOf(answer, expected)) return answer;
    throw new Error(answer.kind === "failed" ? answer.reason : answer.kind);
  };
  return {
    last: opened.last,
    rows: rowsOf(path, () => ask({ kind: "read" }, "rows")),
    async write(batch: readonly StoredChange[]) {
      await ask({ kind: "write", batch }, "written");
    },
    async close() {
      await ask({ kind: "close" }, "closed").catch(() => {});
      await worker.terminate();
    },
  };
}

type Answered<Kind> = Extract<DiskAnswer, { readonly kind: Kind }>;

function isOf<Kind extends DiskAnswer["kind"]>(answer: DiskAnswer, kind: Kind): answer is Answered<Kind> {
  return answer.kind === kind;
}

/** Asks for the next chunk while this one is read. */
async function* rowsOf(
  path: string,
  read: () => Promise<{ readonly rows: readonly StoredRow[] }>,
): AsyncGenerator<readonly StoredRow[]> {
  try {
    for (let { rows } = await read(); rows.length > 0; ) {
      const next = read();
      // Who reads may give up on a row and never come for the next chunk.
      next.catch(() => {});
      yield rows;
      rows = (await next).rows;
    }
  } catch (cause) {
    throw unusable(path, messageOf(cause), cause);
  }
}

/** One answer after the other; the end of the thread is the last one. */
function answersOf(worker: Worker): { next(): Promise<DiskAnswer> } {
  let waiting = Promise.withResolvers<DiskAnswer>();
  let ended: DiskAnswer | undefined;
  worker.on("message", (answer: DiskAnswer) => waiting.resolve(answer));
  const end = (reason: string): void => {
    ended ??= { kind: "failed", reason };
    waiting.resolve(ended);
  };
  worker.on("error", (error) => end(messageOf(error)));
  worker.on("exit", () => end("its thread ended"));
  const first = waiting.promise;
  let asked = false;
  return {
    next() {
      if (ended !== undefined) return Promise.resolve(ended);
      if (!asked) {
        asked = true;
        return first;
      }
      waiting = Promise.withResolvers();
      return waiting.promise;
    },
  };
}

function unusable(path: string, reason: string, cause?: unknown): TuskerError {
  return new TuskerError(
    "REGISTRY_STORAGE",
    `the registry's database ${path} cannot be used: ${reason}`,
    cause === undefined ? {} : { cause },
  );
}
