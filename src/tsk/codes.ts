/**
 * Every diagnostic of the language: a permanent code and what it means. A code is never renamed or reused.
 * `docs/reference/language.md` and `errors.md` list the same codes; tests compare both ways.
 */
export const tskCodes = {
  // limits
  TSK_TOO_LARGE: "A file is larger than 16 MiB, or a document has too many words and signs, or maps.",
  TSK_TOO_DEEP: "Nesting or a chain of references goes deeper than the limit.",
  TSK_FUEL: "Evaluating the file takes more steps than the limit allows.",

  // characters and literals
  TSK_ENCODING: "The file is not UTF-8.",
  TSK_CHARACTER: "A character stands where none of its kind may stand.",
  TSK_STRING_OPEN: "A string has no closing quote.",
  TSK_COMMENT_OPEN: "A `/*` comment has no `*/`.",
  TSK_MERGE: "Marks of an unfinished merge of two versions stand in the file.",
  TSK_ESCAPE: "An escape in a string is not one of the language's.",
  TSK_INDENT: "A line of a multi-line string is indented less than its closing quotes.",
  TSK_NUMBER: "Something that begins with a digit is no number, or does not fit one exactly.",
  TSK_DATE: "A date or date-time does not exist in the calendar.",
  TSK_RANGE: "A range ends before it begins.",

  // structure
  TSK_EXPECTED: "Something else is expected here.",
  TSK_KEY: "A key is missing or is not written as a key.",
  TSK_EMPTY_VALUE: "A key has no value.",
  TSK_UNQUOTED: "Text stands without quotes.",
  TSK_SEPARATOR: "Two things stand on one line without a comma between them.",
  TSK_UNCLOSED: "A bracket is never closed.",
  TSK_ORPHAN: "A closing bracket closes nothing.",
  TSK_DIRECTIVE: "A `#` line was meant as a block; `#` always begins a comment.",
  TSK_SECTION: "A section header stands where none may stand.",
  TSK_STATEMENT: "A line is a call; a line must give a key its value.",
  TSK_CALL: "A call has no `@` in front of its name.",
  TSK_MIXED: "`||` and `??` are mixed without parentheses.",
  TSK_CHAIN: "Comparisons are chained.",
  TSK_CODE: "Program code stands in the file; nothing in it is ever run.",
  TSK_MARKUP: "Tags in angle brackets stand in the file.",

  // written as in older dialects, and read all the same
  TSK_OLD_INDENT: "A map is written by indentation.",
  TSK_OLD_LIST: "A list is written with a dash before each element.",
  TSK_OLD_BLOCK: "A text over several lines is written with `|`.",
  TSK_OLD_HEREDOC: "A text over several lines is written with `<<`.",
  TSK_OLD_LINES: "A string in single double quotes goes over several lines.",
  TSK_OLD_COLON: "A list follows its key without a `:`.",
  TSK_OLD_WORD: "A bare word that names no key is read as text.",
  TSK_OLD_BOOLEAN: "`yes`, `no`, `on` or `off` is read as a boolean.",
  TSK_OLD_CALL: "An operator is called without `@`.",
  TSK_OLD_CHAIN: "A call on a result stands on a line of its own.",
  TSK_OLD_EMPTY: "A key without a value is read as null.",
  TSK_OLD_EQUALS: "`===` or `!==` is read as `==` or `!=`.",
  TSK_OLD_ENV: '`@env.NAME` is read as `@env("NAME")`.',
  TSK_OLD_OR: "`||` after an operator is read as `??`.",
  TSK_OLD_QUOTED: "An operator in quotes is evaluated.",
  TSK_OLD_SECTION: "A section has a name of several words without quotes, or stands in angle brackets.",
  TSK_OLD_PAIR: "An entry stands in brackets of its own.",
  TSK_OLD_REF: "A key or variable is named with `&`, with `@` alone, or in two braces.",

  // names and values
  TSK_DUPLICATE: "A key is given twice in one file.",
  TSK_CONFLICT: "A key is given both a single value and keys of its own in one file.",
  TSK_UNKNOWN_NAME: "A bare word names no key that can be seen from here.",
  TSK_UNKNOWN_VARIABLE: "A `$variable` is never set in this file.",
  TSK_UNKNOWN_OPERATOR: "An `@operator` does not exist.",
  TSK_DENIED_OPERATOR: "An `@operator` that runs code, writes or reads requests is refused.",
  TSK_ARGUMENTS: "An operator got arguments it cannot use.",
  TSK_ENV_MISSING: "An environment variable without a default is not set.",
  TSK_ENV_TYPE: "An environment variable cannot be read as the type of its default.",
  TSK_CYCLE: "A value depends on itself.",
  TSK_NO_KEY: "A reference goes through a key or index that is not there.",
  TSK_TYPE: "A value has the wrong type for what is done with it.",
  TSK_ARITHMETIC: "A calculation has no finite result.",

  TSK_UNAVAILABLE: "The host does not offer what an operator needs.",
  TSK_DECRYPT: "An encrypted value cannot be opened.",
  TSK_PLUGIN: "An operator of a plugin failed.",
  TSK_UNSTABLE: "A value changes with every load.",
  TSK_NO_EFFECT: "An operator does nothing here.",

  // layers and files
  TSK_INCLUDE_CYCLE: "A file includes itself.",
  TSK_OUTSIDE: "A path leads out of the folder of the configuration.",
  TSK_FILE_READ: "A file cannot be read as what it should be.",
  TSK_FILE_MISSING: "A file that was asked for does not exist.",
  TSK_OVERRIDE: "An override from outside (`--set`, `TUSKER__…`) is not written as path=value.",
} as const;

/** A permanent code of a diagnostic of the language. */
export type TskCode = keyof typeof tskCodes;
