import { existsSync, type Stats } from "node:fs";
import { open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Clock, systemCode, TuskerError } from "../../kernel/index.ts";
import { emptyLock, type Lock, type LockedMessages } from "./lock.ts";

/** The nearest `tusker.lock` in `folder` or above it; undefined when there is none. */
export function findLockFile(folder: string): string | undefined {
  for (let current = folder; ; current = dirname(current)) {
    const file = join(current, "tusker.lock");
    if (existsSync(file)) return file;
    if (dirname(current) === current) return undefined;
  }
}

/** Reads a lock; a file that is not there is an empty lock. @throws TuskerError RPC_LOCK */
export async function readLock(file: string): Promise<Lock> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") return emptyLock;
    throw new TuskerError("RPC_LOCK", `cannot read ${file} (${systemCode(cause)})`, { cause });
  }
  return parseLock(text, file);
}

/** @throws TuskerError RPC_LOCK when the text is no lock */
export function parseLock(text: string, file: string): Lock {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new TuskerError(
      "RPC_LOCK",
      `${file} is no JSON; restore it from version control, its numbers must not be lost`,
      {
        cause,
      },
    );
  }
  if (!isRecord(parsed) || parsed.version !== 1 || !isRecord(parsed.services)) {
    throw new TuskerError("RPC_LOCK", `${file} is no lock of version 1; restore it from version control`);
  }
  const services: Record<string, LockedMessages> = {};
  for (const [service, messages] of Object.entries(parsed.services)) {
    services[service] = Object.fromEntries(
      Object.entries(isRecord(messages) ? messages : {}).map(([message, fields]) => [
        message,
        textsOf(fields),
      ]),
    );
  }
  return { version: 1, services };
}

/** The file's text: services and messages sorted, so that two people who add get a plain merge. */
export function printLock(lock: Lock): string {
  const sorted = Object.fromEntries(
    byName(lock.services).map(([service, messages]) => [service, Object.fromEntries(byName(messages))]),
  );
  return `${JSON.stringify({ version: 1, services: sorted }, null, 2)}\n`;
}

/**
 * Changes the lock while no other process does: many services of a fleet start at once. `change` gets the lock as it
 * is in the file and gives the new one, or undefined to leave the file alone. The file is replaced in one step.
 *
 * @throws TuskerError RPC_LOCK when another process holds it for longer than ten seconds
 */
export async function updateLock(
  file: string,
  clock: Clock,
  change: (lock: Lock) => Lock | undefined,
): Promise<void> {
  await using _held = await hold(`${file}.held`, clock);
  const next = change(await readLock(file));
  if (next === undefined) return;
  const draft = `${file}.${process.pid}.tmp`;
  await writeFile(draft, printLock(next));
  await rename(draft, file);
}

/** Holding takes milliseconds: a marker this old was left behind by a process that was killed. */
const staleMs = 5_000;

async function hold(marker: string, clock: Clock): Promise<AsyncDisposable> {
  const giveUpAt = clock.now() + 10_000;
  for (;;) {
    try {
      await (await open(marker, "wx")).close();
      return { [Symbol.asyncDispose]: () => rm(marker, { force: true }) };
    } catch (cause) {
      if (systemCode(cause) !== "EEXIST") {
        throw new TuskerError("RPC_LOCK", `cannot write beside ${marker} (${systemCode(cause)})`, { cause });
      }
    }
    const seen = await stat(marker).catch(() => undefined);
    if (seen !== undefined && clock.wall() - seen.mtimeMs > staleMs) await clearStale(marker, seen);
    if (clock.now() > giveUpAt) {
      throw new TuskerError("RPC_LOCK", `${marker} is held by another process; remove it if none is running`);
    }
    await clock.sleep(10);
  }
}

/**
 * Removes the marker of a process that was killed. Several waiters may see the same one, and the next to come may
 * hold a marker of its own already: only who holds the claim on exactly the marker that was seen removes it.
 */
async function clearStale(marker: string, seen: Stats): Promise<void> {
  const claim = `${marker}.${seen.ino}-${Math.trunc(seen.mtimeMs)}`;
  try {
    await (await open(claim, "wx")).close();
  } catch (cause) {
    if (systemCode(cause) === "EEXIST") return;
    throw new TuskerError("RPC_LOCK", `cannot write beside ${marker} (${systemCode(cause)})`, { cause });
  }
  try {
    const now = await stat(marker).catch(() => undefined);
    if (now?.ino === seen.ino && now.mtimeMs === seen.mtimeMs) await rm(marker, { force: true });
  } finally {
    await rm(claim, { force: true });
  }
}

function byName<T>(record: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}

function textsOf(fields: unknown): Record<string, string> {
  if (!isRecord(fields)) return {};
  return Object.fromEntries(Object.entries(fields).map(([field, text]) => [field, String(text)]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
