import { SharedBytes } from "../../net/index.ts";

/** A frame, and the index up to which a reader knows everything once it has it. */
export interface Frame {
  readonly index: number;
  readonly bytes: SharedBytes;
}

/**
 * One event of the stream as it travels (WHATWG HTML §9.2.6, `text/event-stream`). JSON holds no bare line break, so
 * its data is always one line.
 *
 * @param version what a reader goes on from after it
 */
export function frame(event: "snapshot" | "delta" | "current", version: string, data: string): SharedBytes {
  return new SharedBytes(Buffer.from(`id: ${version}\nevent: ${event}\ndata: ${data}\n\n`));
}

/** A line that says nothing: whoever hears none for long knows that the connection is dead. */
export const stillHere: SharedBytes = new SharedBytes(Buffer.from(":\n\n"));
