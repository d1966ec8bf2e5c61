/** One event as it arrived. */
export interface StreamEvent {
  /** "message" when the sender named none. */
  readonly event: string;
  readonly data: string;
  /** What to go on from; empty when nobody ever said. */
  readonly id: string;
}

/** Takes text as it comes, in pieces of any size, and gives the events it completes. */
export interface EventStreamParser {
  /** @throws RangeError when an event grows past the limit */
  push(text: string): readonly StreamEvent[];
}

/**
 * Reads `text/event-stream` (WHATWG HTML §9.2.6): lines end in CRLF, LF or CR; an empty line ends an event; one
 * without data is none, but its id counts.
 *
 * @param maxChars of one event; no honest sender writes a longer one
 */
export function eventStreamParser(maxChars: number = 32 * 1024 * 1024): EventStreamParser {
  const event = eventBuilder();
  /** Pieces of a line that has not ended. */
  let pieces: string[] = [];
  let size = 0;
  let first = true;

  const unmarked = (text: string): string => {
    if (!first || text === "") return text;
    first = false;
    return text.startsWith("\uFEFF") ? text.slice(1) : text;
  };

  return {
    push(text) {
      pieces.push(unmarked(text));
      size += text.length;
      if (size + event.size > maxChars) throw new RangeError(`an event exceeds ${maxChars} characters`);
      // Joined only when a line ends: a long line in many pieces would else be copied as many times.
      if (!/[\r\n]/.test(text) && pieces.at(-2)?.endsWith("\r") !== true) return [];
      const whole = pieces.join("");
      const found: StreamEvent[] = [];
      let from = 0;
      for (const end of whole.matchAll(/\r\n|\n|\r/g)) {
        // A CR at the very end may be the first half of a CRLF.
        if (end[0] === "\r" && end.index === whole.length - 1) break;
        const done = event.take(whole.slice(from, end.index));
        if (done !== undefined) found.push(done);
        from = end.index + end[0].length;
      }
      pieces = from === whole.length ? [] : [whole.slice(from)];
      size = whole.length - from;
      return found;
    },
  };
}

/** Gathers the lines of one event after the other. */
function eventBuilder() {
  let event = "";
  let id = "";
  let data: string[] = [];
  let size = 0;
  const finish = (): StreamEvent | undefined => {
    const done = data.length === 0 ? undefined : { event: event || "message", data: data.join("\n"), id };
    event = "";
    data = [];
    size = 0;
    return done;
  };
  return {
    get size(): number {
      return size;
    },
    /** Takes a line; gives the event that ends with it. */
    take(line: string): StreamEvent | undefined {
      if (line === "") return finish();
      const colon = line.indexOf(":");
      const name = colon === -1 ? line : line.slice(0, colon);
      const written = colon === -1 ? "" : line.slice(colon + 1);
      const value = written.startsWith(" ") ? written.slice(1) : written;
      // Without a name it is a comment: a sign of life.
      if (name === "event") event = value;
      else if (name === "id" && !value.includes("\0")) id = value;
      else if (name === "data") {
        data.push(value);
        size += value.length;
      }
      return undefined;
    },
  };
}
