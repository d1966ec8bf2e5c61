import {
  accessSync,
  constants,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { messageOf, TuskerError } from "../kernel/index.ts";

/** How a file is written. */
export interface WriteOptions {
  /** Makes the folder when it is not there; default false. */
  readonly folders?: boolean;
  /** For its owner alone, and only if there is none yet; default false. */
  readonly secret?: boolean;
}

/**
 * Writes a file. One that is there is replaced at once, with its mode: a disk that is full leaves it as it was.
 *
 * @throws TuskerError CLI_CANNOT_WRITE
 */
export function writeText(path: string, text: string, { folders, secret }: WriteOptions = {}): void {
  try {
    if (folders === true) mkdirSync(dirname(path), { recursive: true });
    const known = statSync(path, { throwIfNoEntry: false });
    if (secret === true) writeFileSync(path, text, { mode: 0o600, flag: "wx" });
    else if (known?.isFile() === true) replace(realpathSync(path), text, known.mode);
    else writeFileSync(path, text);
  } catch (error) {
    throw new TuskerError("CLI_CANNOT_WRITE", `cannot write ${path}: ${messageOf(error)}`, { cause: error });
  }
}

function replace(path: string, text: string, mode: number): void {
  // A file that must not be written is not replaced either, though its folder would allow it.
  accessSync(path, constants.W_OK);
  const beside = `${path}.${process.pid}.new`;
  try {
    writeFileSync(beside, text, { mode, flag: "wx" });
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}
