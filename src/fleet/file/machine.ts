import { createHash } from "node:crypto";
import { closeSync, openSync, readdirSync, readFileSync, readSync, realpathSync, statSync } from "node:fs";
import { availableParallelism, hostname, networkInterfaces } from "node:os";
import { isAbsolute, resolve } from "node:path";
import { messageOf, systemClock, systemCode, TuskerError } from "../../kernel/index.ts";
import { type HostFacts, type LoadOptions, limits } from "../../tsk/index.ts";
import { dataReader } from "./data-readers.ts";
import { secretKeysIn, unseal } from "./sealed.ts";

/** What this machine offers to the language: its files, clock, digests, facts and keys. */
export type MachinePorts = Pick<
  LoadOptions,
  "readFile" | "list" | "realPath" | "now" | "digest" | "decrypt" | "facts" | "reader" | "secretFolders"
>;

/** The ports of this machine. `@encrypted` takes its keys from `TUSKER_SECRET_KEY`, or the file `TUSKER_SECRET_KEY_FILE`. */
export function machinePorts(env: Readonly<Record<string, string | undefined>>): MachinePorts {
  return {
    readFile,
    list,
    realPath,
    now: () => systemClock.wall(),
    digest: (algorithm, text) => createHash(algorithm).update(text, "utf8").digest("hex"),
    facts: () => facts(env),
    reader: (format) => dataReader(format),
    secretFolders: ["/run/secrets/", "/var/run/secrets/"],
    ...(env.TUSKER_SECRET_KEY === undefined && env.TUSKER_SECRET_KEY_FILE === undefined
      ? {}
      : { decrypt: (sealed) => unseal(sealed, secretKeys(env)) }),
  };
}

/** The secret keys of this host; empty when it has none. */
export function secretKeys(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  if (env.TUSKER_SECRET_KEY !== undefined) return secretKeysIn(env.TUSKER_SECRET_KEY);
  const file = env.TUSKER_SECRET_KEY_FILE;
  if (file === undefined) return [];
  try {
    return secretKeysIn(readFileSync(file, "utf8"));
  } catch (error) {
    const message = `TUSKER_SECRET_KEY_FILE names ${file}, which cannot be read: ${messageOf(error)}`;
    throw new TuskerError("FLEET_SEALED", message, { cause: error });
  }
}

/**
 * Bytes of a file; undefined when it does not exist. Of one that is larger than the language reads, or never ends, no more
 * than it takes to know that.
 *
 * @throws TuskerError FLEET_FILE_MISSING when it cannot be read
 */
export function readFile(path: string): Uint8Array | undefined {
  let code: string | undefined;
  try {
    // Most files asked for are not there (a layer of each service); a question costs less than an exception.
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) return undefined;
    // A pipe that nobody writes to would be waited for without end. What a shell hands over stands in /dev or /proc.
    if (found.isFIFO() && !/^\/(?:dev|proc)\//.test(resolve(path))) code = "a pipe";
    else return found.isFile() && found.size <= limits.text ? readFileSync(path) : readSome(path);
  } catch (error) {
    code = systemCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    const why = code === "EISDIR" ? "a folder, EISDIR" : (code ?? "unknown reason");
    throw new TuskerError("FLEET_FILE_MISSING", `cannot read ${path} (${why})`, { cause: error });
  }
  throw new TuskerError("FLEET_FILE_MISSING", `cannot read ${path} (${code})`);
}

/** The first bytes of a file, one more than the language reads. */
function readSome(path: string): Uint8Array {
  const file = openSync(path, "r");
  try {
    const chunks: Buffer[] = [];
    for (let left = limits.text + 1; left > 0; ) {
      const chunk = Buffer.allocUnsafe(Math.min(left, 1 << 20));
      const length = readSync(file, chunk);
      if (length === 0) break;
      chunks.push(chunk.subarray(0, length));
      left -= length;
    }
    return Buffer.concat(chunks);
  } finally {
    closeSync(file);
  }
}

function list(folder: string): readonly string[] | undefined {
  try {
    return readdirSync(folder === "" ? "." : folder);
  } catch {
    return undefined;
  }
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(isAbsolute(path) ? path : resolve(path));
  } catch {
    return undefined;
  }
}

/** The version is the one that npm tells to what it starts. */
function facts(env: Readonly<Record<string, string | undefined>>): HostFacts {
  const addresses: Record<string, string> = {};
  for (const [name, all] of Object.entries(networkInterfaces())) {
    const found = all?.find((one) => one.family === "IPv4") ?? all?.[0];
    if (found === undefined) continue;
    addresses[name] = found.address;
    if (!found.internal) addresses[""] ??= found.address;
  }
  return {
    name: hostname(),
    cpus: availableParallelism(),
    addresses: { "": "127.0.0.1", ...addresses },
    version: env.APP_VERSION ?? env.npm_package_version,
  };
}
