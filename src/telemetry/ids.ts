import { randomFillSync } from "node:crypto";
import type { Random } from "../kernel/index.ts";

/** Where trace and span ids come from. */
export interface IdSource {
  /** 32 lowercase hex digits, never all zero, every bit random. */
  traceId(): string;
  /** 16 lowercase hex digits, never all zero. */
  spanId(): string;
}

const poolBytes = 4096;

/** Ids from the system's secure randomness, drawn in blocks so that one id costs no system call. */
export function randomIds(): IdSource {
  let pool: Buffer | undefined;
  let used = poolBytes;
  return hexIds((bytes) => {
    if (pool === undefined || used + bytes > poolBytes) {
      pool = randomFillSync(pool ?? Buffer.allocUnsafe(poolBytes));
      used = 0;
    }
    used += bytes;
    return pool.toString("hex", used - bytes, used);
  });
}

/** The same ids for the same chance; for tests and simulations. */
export function idsFrom(random: Random): IdSource {
  return hexIds((bytes) => {
    let text = "";
    for (let i = 0; i < bytes; i++) text += random.below(256).toString(16).padStart(2, "0");
    return text;
  });
}

function hexIds(draw: (bytes: number) => string): IdSource {
  // All-zero ids are invalid (W3C Trace Context §3.2.2.3); they are drawn again.
  const some = (bytes: number): string => {
    let id = draw(bytes);
    while (id.startsWith("0") && /^0+$/.test(id)) id = draw(bytes);
    return id;
  };
  return { traceId: () => some(16), spanId: () => some(8) };
}
