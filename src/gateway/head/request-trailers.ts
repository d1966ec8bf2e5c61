import { type HeaderList, headerOf } from "../../net/index.ts";
import { hopByHop } from "./hop-by-hop.ts";
import { rewritten } from "./request.ts";

/**
 * The names a request announces for its trailers; empty when it announces none, or has no body in chunks, behind which
 * they would stand (RFC 9110 §6.6.2).
 */
export function announcedTrailers(fields: HeaderList): readonly string[] {
  const announced = headerOf(fields, "trailer");
  if (announced === undefined || headerOf(fields, "transfer-encoding") === undefined) return [];
  return announced
    .split(",")
    .map((name) => name.trim())
    .filter((name) => isFree(name.toLowerCase()));
}

/** RFC 9110 §6.5.1: of the trailers that came, those that were announced go on. */
export function trailersFor(came: HeaderList, announced: readonly string[]): string[] {
  const names = new Set(announced.map((name) => name.toLowerCase()));
  return came.filter((_, i) => names.has((came[i - (i % 2)] ?? "").toLowerCase()));
}

/** What the gateway writes itself may not be written behind its back: some services merge trailers into the head. */
function isFree(name: string): boolean {
  return (
    name !== "" &&
    !hopByHop.has(name) &&
    !rewritten.has(name) &&
    !name.includes("_") &&
    !name.startsWith("x-forwarded-") &&
    name !== "x-real-ip"
  );
}
