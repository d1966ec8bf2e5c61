import { randomFillSync } from "node:crypto";
import type { Random } from "../kernel/index.ts";

/** Where the bits of trace and span ids come from. */
export interface IdSource {
  /** 32 bits, every one of them random, as a signed number. */
  word(): number;
}

const poolWords = 1024;

/** Bits from the system's secure randomness, drawn in blocks so that one id costs no system call. */
export function randomIds(): IdSource {
  let pool: Int32Array | undefined;
  let used = poolWords;
  return {
    word() {
      if (pool === undefined || used === poolWords) {
        pool = randomFillSync(pool ?? new Int32Array(poolWords));
        used = 0;
      }
      return pool[used++] ?? 0;
    },
  };
}

/** The same ids for the same chance; for tests and simulations. */
export function idsFrom(random: Random): IdSource {
  return { word: () => random.below(2 ** 32) | 0 };
}
