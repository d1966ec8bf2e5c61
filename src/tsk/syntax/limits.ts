/** Limits of the language: any text gives a value or diagnostics within them. */
export const limits = {
  /** Length of one text: UTF-16 units, or bytes when bytes are given. */
  text: 16 * 1024 * 1024,
  /**
   * Words and signs of one document, comments and white space not counted: what is made of one takes up to 600 bytes, and memory
   * must end before the process does.
   */
  tokens: 3_500_000,
  /** Maps that keys, labels and section headers of one document make: a label is one sign and a whole map. */
  maps: 1_200_000,
  /** Texts of one document together. */
  allText: 64 * 1024 * 1024,
  /** Bytes of a file read by `@file`, `@json` and their like. */
  dataFile: 1024 * 1024,
  /** Files that include each other, the first one counted. */
  includeDepth: 16,
  /** Files included by one document. */
  includes: 1000,
  /** Maps, arrays, parentheses and strings inside one another; also the steps of a path. */
  nesting: 256,
  /** References and calls inside one another while evaluating. */
  calls: 1000,
  /** Steps of evaluation, and values in its result, beyond four per character of the sources. */
  fuel: 200_000,
  /** Length of a text of which parts are saved when something is wrong with its syntax; a longer one is given up whole. */
  saved: 2 * 1024 * 1024,
  /** Length of a text of which brackets are put where its layout says while somebody writes it: a keystroke waits for it. */
  laidOut: 64 * 1024,
  /** Length of what is lost in which names are looked for; in more of it any name may stand. */
  lost: 100_000,
  /** Diagnostics of the syntax kept for one file; beyond it a file is noise. */
  diagnostics: 200,
  /** Diagnostics kept for a document. */
  allDiagnostics: 1000,
  /** Diagnostics that are given a "did you mean". */
  suggestions: 20,
} as const;
