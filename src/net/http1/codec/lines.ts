import { colon, cr, lf, space, tab, targetChars, tokenChars, valueChars } from "./characters.ts";
import {
  bareCarriageReturn,
  controlCharacter,
  methodIsToken,
  methodTooLong,
  nameIsNotEmpty,
  nameIsToken,
  obsoleteFold,
  requestLineParts,
  statusForm,
  targetCharacters,
  targetTooLong,
  versionForm,
  versionKnown,
} from "./clauses.ts";
import type { Cursor, Scan } from "./cursor.ts";
import type { WireProblem } from "./problem.ts";

/** No method of the registry (RFC 9110 §16.1) comes near. */
const longestMethod = 32;

/** The first line of a request (RFC 9112 §3). */
export interface RequestLine {
  method: string;
  target: string;
  minor: 0 | 1;
}

/** The first line of an answer (RFC 9112 §4). */
export interface StatusLine {
  status: number;
  minor: 0 | 1;
}

/**
 * The scanners read from left to right and stop at the first offence, so that a message means the same in however
 * many pieces it arrives.
 */
export function scanRequestLine(
  c: Cursor,
  line: RequestLine,
  maxTargetBytes: number,
  tooLong: () => WireProblem,
): Scan {
  const { text } = c;
  const start = c.at;
  const stop = Math.min(text.length, c.limit);
  let at = start;
  while (at < stop && tokenChars[text.charCodeAt(at)] === 1) at++;
  if (at - start > longestMethod) return c.fail(methodTooLong());
  if (at === stop) return c.short(tooLong);
  if (text.charCodeAt(at) !== space) return c.fail(methodIsToken(text.charCodeAt(at)));
  if (at === start) return c.fail(requestLineParts());
  const targetFrom = at + 1;
  const targetStop = Math.min(stop, targetFrom + maxTargetBytes + 1);
  at = targetFrom;
  while (at < targetStop && targetChars[text.charCodeAt(at)] === 1) at++;
  if (at - targetFrom > maxTargetBytes) return c.fail(targetTooLong(maxTargetBytes));
  if (at === stop) return c.short(tooLong);
  const after = text.charCodeAt(at);
  if (after === cr) return c.fail(versionForm());
  if (after !== space) return c.fail(targetCharacters(after));
  if (at === targetFrom) return c.fail(requestLineParts());
  const version = scanVersion(c, at + 1, stop, tooLong);
  if (version !== "line") return version;
  const end = scanLineEnd(c, at + 9, stop, tooLong);
  if (end !== "line") return end;
  line.method = text.slice(start, targetFrom - 1);
  line.target = text.slice(targetFrom, at);
  return readVersion(c, at + 1, line);
}

/** The reason phrase is read past: it says nothing that the status does not (RFC 9110 §15). */
export function scanStatusLine(c: Cursor, line: StatusLine, tooLong: () => WireProblem): Scan {
  const { text } = c;
  const start = c.at;
  const stop = Math.min(text.length, c.limit);
  const version = scanVersion(c, start, stop, tooLong);
  if (version !== "line") return version;
  let at = start + 8;
  if (at === stop) return c.short(tooLong);
  if (text.charCodeAt(at) !== space) return c.fail(statusForm());
  at++;
  let status = 0;
  for (let digits = 0; digits < 3; digits++, at++) {
    if (at === stop) return c.short(tooLong);
    const code = text.charCodeAt(at);
    if (code < 48 || code > 57) return c.fail(statusForm());
    status = status * 10 + code - 48;
  }
  if (at === stop) return c.short(tooLong);
  const after = text.charCodeAt(at);
  if (after !== space && after !== cr) return c.fail(statusForm());
  while (at < stop && valueChars[text.charCodeAt(at)] === 1) at++;
  if (at === stop) return c.short(tooLong);
  if (text.charCodeAt(at) !== cr) return c.fail(controlCharacter(text.charCodeAt(at)));
  const end = scanLineEnd(c, at, stop, tooLong);
  if (end !== "line") return end;
  if (status < 100 || status > 599) return c.fail(statusForm());
  line.status = status;
  return readVersion(c, start, line);
}

/** `HTTP/d.d` at `from`. */
function scanVersion(c: Cursor, from: number, stop: number, tooLong: () => WireProblem): Scan {
  const { text } = c;
  // One comparison for nearly every message there is.
  if (from + 8 <= stop && text.startsWith("HTTP/1.", from)) {
    const minor = text.charCodeAt(from + 7);
    return minor >= 48 && minor <= 57 ? "line" : c.fail(versionForm());
  }
  for (let i = 0; i < 8; i++) {
    if (from + i >= stop) return c.short(tooLong);
    const code = text.charCodeAt(from + i);
    const fits = i === 5 || i === 7 ? code >= 48 && code <= 57 : code === "HTTP/1.1".charCodeAt(i);
    if (!fits) return c.fail(versionForm());
  }
  return "line";
}

/** CRLF at `from`; the cursor moves behind it. */
function scanLineEnd(c: Cursor, from: number, stop: number, tooLong: () => WireProblem): Scan {
  if (from >= stop) return c.short(tooLong);
  if (c.text.charCodeAt(from) !== cr)
    return c.fail(c.text.charCodeAt(from) === lf ? controlCharacter(lf) : versionForm());
  if (from + 1 >= stop) return c.short(tooLong);
  if (c.text.charCodeAt(from + 1) !== lf) return c.fail(bareCarriageReturn());
  c.at = from + 2;
  return "line";
}

function readVersion(c: Cursor, from: number, line: { minor: 0 | 1 }): Scan {
  const major = c.text.charCodeAt(from + 5) - 48;
  const minor = c.text.charCodeAt(from + 7) - 48;
  const problem = versionKnown(major, minor);
  if (problem !== undefined) return c.fail(problem);
  line.minor = minor === 0 ? 0 : 1;
  return "line";
}

/** One field line, or the empty line that ends the fields (RFC 9112 §5). Fills `name` and `value`. */
export function scanFieldLine(c: Cursor, tooLong: () => WireProblem): Scan {
  const { text } = c;
  const start = c.at;
  const stop = Math.min(text.length, c.limit);
  let at = start;
  if (c.resumeAt > 0) {
    at = c.resumeAt;
  } else {
    if (start === stop) return c.short(tooLong);
    const first = text.charCodeAt(start);
    if (first === cr) return scanEmptyLine(c, start, stop, tooLong);
    if (first === space || first === tab) return c.fail(obsoleteFold());
    while (at < stop && tokenChars[text.charCodeAt(at)] === 1) at++;
    if (at === stop) return c.short(tooLong);
    if (text.charCodeAt(at) !== colon) return c.fail(nameIsToken(text.charCodeAt(at)));
    if (at === start) return c.fail(nameIsNotEmpty());
    c.nameEnd = at;
    at++;
    while (at < stop && isBlank(text.charCodeAt(at))) at++;
    c.valueFrom = at;
  }
  while (at < stop && valueChars[text.charCodeAt(at)] === 1) at++;
  if (at < stop && text.charCodeAt(at) !== cr) return c.fail(controlCharacter(text.charCodeAt(at)));
  if (at + 1 >= stop) {
    // A long value in many small pieces must not be read anew with each of them.
    c.resumeAt = at;
    return c.short(tooLong);
  }
  if (text.charCodeAt(at + 1) !== lf) return c.fail(bareCarriageReturn());
  let end = at;
  while (end > c.valueFrom && isBlank(text.charCodeAt(end - 1))) end--;
  let from = c.valueFrom;
  while (from < end && isBlank(text.charCodeAt(from))) from++;
  c.name = text.slice(start, c.nameEnd);
  c.value = text.slice(from, end);
  c.resumeAt = 0;
  c.at = at + 2;
  return "line";
}

function scanEmptyLine(c: Cursor, from: number, stop: number, tooLong: () => WireProblem): Scan {
  if (from + 1 >= stop) return c.short(tooLong);
  if (c.text.charCodeAt(from + 1) !== lf) return c.fail(bareCarriageReturn());
  c.at = from + 2;
  return "end";
}

function isBlank(code: number): boolean {
  return code === space || code === tab;
}
