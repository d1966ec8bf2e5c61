import { type EdgeTest, type Part, parsePattern } from "./parse.ts";

/** A regular expression that anybody may send. */
export interface Pattern {
  /** Whether it matches anywhere in the text. @throws Error when all its matches together took too much work */
  test(text: string): boolean;
}

/** A step of the machine: where to go on from it. */
type Step =
  | { readonly kind: "char"; readonly test: (code: number) => boolean; readonly next: number }
  | { readonly kind: "edge"; readonly test: EdgeTest; readonly next: number }
  | { readonly kind: "fork"; readonly next: number; other: number }
  | { readonly kind: "found" };

const maxSteps = 1_000;

/** What one pattern may cost, over all texts: a second or so. No honest one comes near it. */
const maxWork = 50_000_000;

/**
 * Makes a pattern ready. It is run by following all its ways at once (Thompson, 1968), so that a match takes time in
 * proportion to the text, whatever the pattern: the expressions of JavaScript go back, and a crafted one keeps this
 * thread busy for hours on a text of thirty letters.
 *
 * @throws Error `error parsing regexp: …`
 */
export function compilePattern(written: string): Pattern {
  try {
    const steps: Step[] = [{ kind: "found" }];
    const start = emit(steps, parsePattern(written), 0);
    return new Machine(steps, start);
  } catch (error) {
    throw new Error(`error parsing regexp: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

/** Adds the steps of a part that is followed by `next`; returns where it begins. */
function emit(steps: Step[], part: Part, next: number): number {
  switch (part.kind) {
    case "empty":
      return next;
    case "char":
    case "edge":
      return add(steps, { ...part, next });
    case "all":
      return part.parts.reduceRight((after, one) => emit(steps, one, after), next);
    case "any":
      return part.parts
        .map((one) => emit(steps, one, next))
        .reduceRight((other, one) => add(steps, { kind: "fork", next: one, other }));
    case "repeat":
      return repeated(steps, part, next);
  }
}

function repeated(
  steps: Step[],
  { part, least, most }: Extract<Part, { kind: "repeat" }>,
  next: number,
): number {
  let start = next;
  if (most === Number.POSITIVE_INFINITY) {
    const loop = { kind: "fork" as const, next, other: next };
    start = add(steps, loop);
    loop.other = emit(steps, part, start);
  } else {
    for (let i = least; i < most; i++)
      start = add(steps, { kind: "fork", next, other: emit(steps, part, start) });
  }
  for (let i = 0; i < least; i++) start = emit(steps, part, start);
  return start;
}

function add(steps: Step[], step: Step): number {
  if (steps.length >= maxSteps) throw new Error("expression too large");
  return steps.push(step) - 1;
}

class Machine implements Pattern {
  readonly #steps: readonly Step[];
  readonly #start: number;
  /** The position at which a step was last reached: it is followed once for each. */
  readonly #reached: Uint32Array;
  #position = 0;
  #work = 0;

  constructor(steps: readonly Step[], start: number) {
    this.#steps = steps;
    this.#start = start;
    this.#reached = new Uint32Array(steps.length);
  }

  test(text: string): boolean {
    this.#reached.fill(0);
    this.#position = 0;
    let now: number[] = [];
    let before = -1;
    for (const char of text) {
      const code = char.codePointAt(0) ?? 0;
      const here = this.#follow([...now, this.#start], before, code);
      if (here === undefined) return true;
      now = this.#past(here, code);
      before = code;
    }
    return this.#follow([...now, this.#start], before, -1) === undefined;
  }

  /** Steps that wait for the next character; undefined: a match ends here. */
  #follow(open: number[], before: number, after: number): number[] | undefined {
    const waiting: number[] = [];
    this.#position++;
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const step = this.#steps[at];
      if (step === undefined || this.#reached[at] === this.#position) continue;
      this.#reached[at] = this.#position;
      this.#spend();
      if (step.kind === "found") return undefined;
      if (step.kind === "char") waiting.push(at);
      else if (step.kind === "fork") open.push(step.next, step.other);
      else if (step.test(before, after)) open.push(step.next);
    }
    return waiting;
  }

  /** Where those go on that want this character. */
  #past(waiting: readonly number[], code: number): number[] {
    const next: number[] = [];
    for (const at of waiting) {
      const step = this.#steps[at];
      if (step?.kind === "char" && step.test(code)) next.push(step.next);
    }
    return next;
  }

  #spend(): void {
    if (++this.#work > maxWork)
      throw new Error("the pattern takes too much work; ask for less, or in other words");
  }
}
