/** The most of `.*` in one pattern: each multiplies the time of a match that fails by the length of the text. */
const maxGaps = 3;

/**
 * A pattern that anybody may send: literals, `.`, `.*`, `^`, `$` and `|`. Full regular expressions are not taken: a
 * crafted one keeps this thread busy for hours on a text of thirty letters. Undefined when it is more than that.
 */
export function safePattern(written: string): RegExp | undefined {
  const branches = written.split("|");
  const sound = branches.every(
    (branch) =>
      /^\^?(?:[\w\s:/@,~-]|\\[.|^$*+?]|\.\*?)*\$?$/u.test(branch) && branch.split(".*").length <= maxGaps + 1,
  );
  return sound && written.length <= 256 && branches.length <= 16 ? new RegExp(written, "u") : undefined;
}
