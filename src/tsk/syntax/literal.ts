import { tryDuration, trySize } from "../../kernel/index.ts";
import type { TskCode } from "../codes.ts";
import { kind } from "./token.ts";
import type { DateTime, Duration, Range, Scalar, Size } from "./tree.ts";

/** A literal that is written right but stands for nothing. */
export interface BadLiteral {
  readonly code: TskCode;
  readonly message: string;
}

/** What a literal token of this kind stands for. */
export function readLiteral(tokenKind: number, text: string): { value: Scalar } | BadLiteral {
  // An underscore separates digits and stands nowhere else.
  if (text.includes("_")) {
    if (/_(?![\da-fA-F])|[^\da-fA-F]_/.test(text))
      return { code: "TSK_NUMBER", message: `in ${text} an underscore does not stand between digits` };
    return readLiteral(tokenKind, text.replaceAll("_", ""));
  }
  switch (tokenKind) {
    case kind.int:
      return int(text);
    case kind.float:
      return float(text);
    case kind.percent:
      return { value: Number(text.slice(0, -1)) / 100 };
    case kind.duration:
      return duration(text);
    case kind.size:
      return size(text);
    case kind.range:
      return range(text);
    default:
      return date(text);
  }
}

function int(text: string): { value: number } | BadLiteral {
  if (/^0\d/.test(text)) {
    const message = `${text} begins with a zero; a number is written without it, text in quotes`;
    return { code: "TSK_NUMBER", message };
  }
  const value = Number(text);
  // 2^53 and above a double may hold another number than the one written. JSON writers print large doubles as whole
  // numbers; those come back as they were.
  return Number.isSafeInteger(value) || String(value) === text ? { value } : tooLarge(text);
}

function float(text: string): { value: number } | BadLiteral {
  const value = Number(text);
  return Number.isFinite(value) ? { value } : tooLarge(text);
}

function tooLarge(text: string): BadLiteral {
  return { code: "TSK_NUMBER", message: `${text} does not fit a number exactly; write it as text in quotes` };
}

function duration(text: string): { value: Duration } | BadLiteral {
  const ms = tryDuration(text);
  if (ms === undefined || !Number.isFinite(ms)) return tooLarge(text);
  return { value: { type: "duration", ms, text } };
}

function size(text: string): { value: Size } | BadLiteral {
  const full = text.endsWith("B") ? text : `${text}B`;
  const bytes = trySize(full);
  if (bytes === undefined || !Number.isSafeInteger(bytes)) return tooLarge(text);
  return { value: { type: "size", bytes, text: full } };
}

function range(text: string): { value: Range } | BadLiteral {
  const [low = "", high = ""] = text.split(/-|\.\./);
  const value: Range = { type: "range", min: Number(low), max: Number(high) };
  if (value.max < value.min) return { code: "TSK_RANGE", message: `the range ${text} ends before it begins` };
  return Number.isSafeInteger(value.max) ? { value } : tooLarge(text);
}

const monthDays = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** RFC 3339 §5.7: ranges of the fields, leap years, and second 60. */
function date(text: string): { value: DateTime } | BadLiteral {
  const year = Number(text.slice(0, 4));
  const month = Number(text.slice(5, 7));
  const day = Number(text.slice(8, 10));
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const most = month === 2 && !leap ? 28 : (monthDays[month - 1] ?? 0);
  const [hour = 0, minute = 0, second = 0] = text.slice(11, 19).split(":").map(Number);
  const offset = /[+-](\d\d):(\d\d)$/.exec(text.slice(11));
  const offsetFits = offset === null || (Number(offset[1]) < 24 && Number(offset[2]) < 60);
  if (day >= 1 && day <= most && hour < 24 && minute < 60 && second <= 60 && offsetFits)
    return { value: { type: "date", text } };
  return { code: "TSK_DATE", message: `${text} is not in the calendar` };
}
