import { limits } from "../syntax/limits.ts";
import type { Tree } from "../syntax/tree.ts";

/** How much the files of one document may say together: memory must end before the process does. */
export class Allowance {
  /** Once for each use: what is included twice takes its room twice. */
  readonly #uses: Tree[] = [];
  #tokens = 0;
  #full = false;

  /** True when something was too much. */
  get isFull(): boolean {
    return this.#full;
  }

  /** Counts the use of a file; false when it is too much. */
  takes(tree: Tree): boolean {
    this.#uses.push(tree);
    this.#tokens += tree.tokens.count;
    // Only when there are many it matters which of them are white space.
    this.#full ||= this.#tokens > limits.tokens && this.#significant() > limits.tokens;
    return !this.#full;
  }

  #significant(): number {
    const known = new Map([...new Set(this.#uses)].map((tree) => [tree, tree.tokens.significant]));
    return this.#uses.reduce((sum, tree) => sum + (known.get(tree) ?? 0), 0);
  }
}
