/** How a stream came to its end, as far as late frames on it are concerned (RFC 9113 §5.1, "closed"). */
export type Closing = "ended" | "reset by us" | "reset by the peer";

const closings: readonly Closing[] = ["ended", "reset by us", "reset by the peer"];
const remembered = 256;

/** The last streams that closed; without it a frame on the way when we reset its stream would break the connection. */
export class ClosedStreams {
  /** Stream id × 4 + closing; a ring, made with the first entry. */
  #ring: Float64Array | undefined;
  #count = 0;

  add(id: number, closing: Closing): void {
    this.#ring ??= new Float64Array(remembered);
    this.#ring[this.#count++ % remembered] = id * 4 + closings.indexOf(closing);
  }

  /** Undefined: never opened. A stream too old to be remembered counts as reset by us: its frames are passed over. */
  find(id: number): Closing | undefined {
    const ring = this.#ring;
    if (ring === undefined) return undefined;
    for (let i = Math.min(this.#count, remembered) - 1; i >= 0; i--) {
      const entry = ring[i] ?? 0;
      if (Math.floor(entry / 4) === id) return closings[entry % 4];
    }
    return this.#count > remembered ? "reset by us" : undefined;
  }
}
