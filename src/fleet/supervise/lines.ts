/** One line a process wrote. */
export interface LogLine {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly service: string;
  readonly instance: string;
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}

const maxLine = 16 * 1024;

/** Lines with which Node surrounds the message of an error that ends a process: frames, marks, brackets, its version. */
const aroundStack = /^\s*(?:at .*|[\^~]+|[{}]|node:[\w/.-]+:\d+|Node\.js v[\d.]+)?$/;

/** Cuts a byte stream into lines. A line longer than 16 KiB comes in pieces, so that no line grows without end. */
export function lineSplitter(onLine: (text: string) => void): {
  push(chunk: Uint8Array): void;
  flush(): void;
} {
  const decoder = new TextDecoder();
  let rest = "";
  const whole = (line: string): void => {
    for (let at = 0; at === 0 || at < line.length; at += maxLine) onLine(line.slice(at, at + maxLine));
  };
  return {
    push(chunk) {
      rest += decoder.decode(chunk, { stream: true });
      const lines = rest.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) whole(line.endsWith("\r") ? line.slice(0, -1) : line);
      while (rest.length > maxLine) {
        onLine(rest.slice(0, maxLine));
        rest = rest.slice(maxLine);
      }
    },
    flush() {
      if (rest !== "") onLine(rest);
      rest = "";
    },
  };
}

/** The last lines of every service, and who wants to hear new ones. */
export interface LogBook {
  add(line: LogLine): void;
  /** The last `count` lines, oldest first; of one service or of all. */
  tail(count: number, service?: string): readonly LogLine[];
  /** What a process said last since `since`, oldest first: at most `count` lines, without blank ones and what frames a stack. */
  lastWords(instance: string, count: number, since: number): readonly LogLine[];
  subscribe(listener: (line: LogLine) => void): Disposable;
}

export interface LogBookOptions {
  /** Lines kept per service; default 2,000. */
  readonly capacity?: number;
  /** Takes out of a line what nobody may read. */
  readonly mask?: (text: string) => string;
}

export function logBook({ capacity = 2_000, mask = (text) => text }: LogBookOptions = {}): LogBook {
  const books = new Map<string, LogLine[]>();
  const listeners = new Set<(line: LogLine) => void>();
  return {
    add(written) {
      const line = { ...written, text: mask(written.text) };
      const book = books.get(line.service) ?? [];
      books.set(line.service, book);
      book.push(line);
      // Cut in blocks, so that a busy service does not move its whole book for each line.
      if (book.length > capacity * 1.25) book.splice(0, book.length - capacity);
      for (const listener of listeners) listener(line);
    },
    tail(count, service) {
      const all =
        service === undefined
          ? [...books.values()].flat().sort((a, b) => a.at - b.at)
          : (books.get(service) ?? []);
      return count === 0 ? [] : all.slice(-Math.min(count, capacity));
    },
    lastWords: (instance, count, since) =>
      [...books.values()]
        .flatMap((book) => book.filter((line) => line.instance === instance && line.at >= since))
        .filter((line) => !aroundStack.test(line.text))
        .slice(-count),
    subscribe(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
  };
}
