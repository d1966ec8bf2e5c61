import type { HeaderList } from "../../net/index.ts";

/** RFC 9113 §6.5.2: a field counts with its name, its value and 32. */
const fieldOverhead = 32;

/** What a handler may add to one part of an answer: peers take 8 KiB of fields in all, as a rule. */
const maxBytes = 6_144;

/** Where fields of an answer stand: before its first message, or after the last one. */
export type AnswerPart = "head" | "tail";

/** The fields a handler adds to its answer: initial and trailing metadata over gRPC. */
export class AnswerFields {
  readonly #parts: Readonly<Record<AnswerPart, Map<string, readonly string[]>>> = {
    head: new Map(),
    tail: new Map(),
  };
  #headLeft: boolean;

  /** @param headLeft the head of the answer is on its way already */
  constructor(headLeft: boolean = false) {
    this.#headLeft = headLeft;
  }

  /** Replaces what stood under the name. Returns why it cannot be. */
  set(part: AnswerPart, name: string, values: readonly string[]): string | undefined {
    if (part === "head" && this.#headLeft)
      return "comes too late: the first message has left; use setTrailer";
    const fields = this.#parts[part];
    let size = sizeOf(name, values);
    for (const [other, texts] of fields) if (other !== name) size += sizeOf(other, texts);
    if (size > maxBytes) return `makes ${size} bytes of fields, of which ${maxBytes} are allowed`;
    fields.set(name, values);
    return undefined;
  }

  /** The head leaves now: its fields, as they stand. */
  leave(): HeaderList {
    this.#headLeft = true;
    return listOf(this.#parts.head);
  }

  get head(): HeaderList {
    return listOf(this.#parts.head);
  }

  get tail(): HeaderList {
    return listOf(this.#parts.tail);
  }
}

function sizeOf(name: string, values: readonly string[]): number {
  return values.reduce((sum, value) => sum + name.length + value.length + fieldOverhead, 0);
}

function listOf(fields: ReadonlyMap<string, readonly string[]>): HeaderList {
  return [...fields].flatMap(([name, values]) => values.flatMap((value) => [name, value]));
}
