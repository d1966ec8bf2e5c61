import { TuskerError } from "./error.ts";

const shape = /^(\d+(?:\.\d+)?)(B|KB|MB|GB|TB|PB|KiB|MiB|GiB|TiB|PiB|K|M|G|T|P)$/;
const power = { "": 0, K: 1, M: 2, G: 3, T: 4, P: 5 } as const;

/**
 * Bytes of a size: decimal for `KB MB GB`, binary for `KiB MiB GiB`.
 *
 * @throws TuskerError KERNEL_SIZE
 * @example parseSize("10MiB") // 10485760
 */
export function parseSize(text: string): number {
  const value = trySize(text);
  if (value !== undefined) return value;
  throw new TuskerError(
    "KERNEL_SIZE",
    `"${text}" is no size; write a number with a unit, for example "64KiB", "10MB"`,
  );
}

/** As parseSize, but undefined for text that is no size. */
export function trySize(text: string): number | undefined {
  const match = shape.exec(text);
  if (match === null) return undefined;
  const unit = match[2] ?? "B";
  const letter = unit.replace(/i?B$/, "") as keyof typeof power;
  return Math.round(Number(match[1]) * (unit.includes("i") ? 1024 : 1000) ** power[letter]);
}

/** The largest binary unit that stays exact: 65536 → "64KiB", 1000 → "1000B". */
export function formatSize(bytes: number): string {
  let value = bytes;
  for (const unit of ["B", "KiB", "MiB", "GiB", "TiB"]) {
    if (value < 1024 || value % 1024 !== 0) return `${value}${unit}`;
    value /= 1024;
  }
  return `${value}PiB`;
}
