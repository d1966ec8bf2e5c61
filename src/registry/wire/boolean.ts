const trueWords = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const falseWords = new Set(["0", "f", "F", "FALSE", "false", "False"]);

/** A yes or no as Go reads it; undefined for anything else. */
export function booleanOf(written: string): boolean | undefined {
  if (trueWords.has(written)) return true;
  return falseWords.has(written) ? false : undefined;
}
