import type { WireProblem } from "./problem.ts";

/** What came of looking for one line. */
export type Scan =
  /** The line is not complete yet. */
  | "more"
  | "line"
  /** The empty line that ends a head or the trailers. */
  | "end"
  /** It breaks a clause; see `problem`. */
  | "broken";

/** Where a scanner stands in the text of a head. One object serves a connection for all its messages. */
export class Cursor {
  /** Text from the beginning of the line that is being read, as Latin-1. */
  text = "";
  at = 0;
  /** Index in `text` up to which characters are allowed; who meets it refuses by `tooLong`. */
  limit = Number.POSITIVE_INFINITY;
  problem: WireProblem | undefined;
  name = "";
  value = "";
  /** Inside a value that was cut by the end of the text: where it began and how far it was read. 0 when not. */
  valueFrom = 0;
  resumeAt = 0;
  nameEnd = 0;

  fail(problem: WireProblem): "broken" {
    this.problem = problem;
    return "broken";
  }

  /** The text ended in the middle of a line: more must come, unless there is no room for more. */
  short(tooLong: () => WireProblem): "more" | "broken" {
    return this.limit <= this.text.length ? this.fail(tooLong()) : "more";
  }
}
