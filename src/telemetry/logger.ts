import type { Clock } from "../kernel/index.ts";
import { isSampled } from "./context.ts";
import { currentSpan } from "./current.ts";
import { type LogFields, printable } from "./printable.ts";

export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

/** Writes what happened. Never throws, never blocks. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger whose every line carries `fields` too. */
  child(fields: LogFields): Logger;
  /** Whether a line of this level would be written. */
  enabled(level: LogLevel): boolean;
}

/** One line before it is formatted. */
export interface LogRecord {
  /** Milliseconds since the Unix epoch. */
  readonly timeMs: number;
  readonly level: LogLevel;
  readonly service: string;
  readonly message: string;
  readonly fields: LogFields;
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  readonly sampled: boolean;
}

export type LogFormat = (record: LogRecord) => string;

export interface LoggerOptions {
  readonly service: string;
  /** Lines below it are not written; default `info`. */
  readonly level?: LogLevel;
  /** Default `jsonLines`. */
  readonly format?: LogFormat;
  /** Takes one line without its line end. */
  readonly write: (line: string) => void;
  readonly clock: Clock;
}

/**
 * Makes a logger. Each line carries the ids of the span that is current when it is written, so that logs are found
 * by trace.
 *
 * @example const log = createLogger({ service: "shop", write: (line) => console.log(line), clock: systemClock });
 */
export function createLogger(options: LoggerOptions): Logger {
  return loggerWith(options, {});
}

/** OpenTelemetry severity numbers of the levels (logs data model, SeverityNumber). */
const severity: Readonly<Record<LogLevel, number>> = { debug: 5, info: 9, warn: 13, error: 17 };

/** One JSON object per line; our own fields first, in this order. A caller's field of such a name gets `field.` before. */
export const jsonLines: LogFormat = (record) => {
  const line: Record<string, unknown> = {
    time: new Date(record.timeMs).toISOString(),
    level: record.level,
    severity_number: severity[record.level],
    "service.name": record.service,
    message: record.message,
  };
  if (record.traceId !== undefined) {
    line.trace_id = record.traceId;
    line.span_id = record.spanId;
    line.trace_flags = record.sampled ? "01" : "00";
  }
  for (const [name, value] of Object.entries(record.fields))
    line[Object.hasOwn(line, name) ? `field.${name}` : name] = value;
  return JSON.stringify(line);
};

/**
 * Lines for people: time, level, message, fields as `name=value`, and the short trace id.
 *
 * @param options.color ANSI colours; the level is always written as a word too
 */
export function humanLines(options: { readonly color: boolean }): LogFormat {
  const paint = (code: number, text: string): string =>
    options.color ? `\u001b[${code}m${text}\u001b[0m` : text;
  const color: Readonly<Record<LogLevel, number>> = { debug: 90, info: 36, warn: 33, error: 31 };
  return (record) => {
    const time = new Date(record.timeMs).toISOString().slice(11, 23);
    const fields = Object.entries(record.fields).map(
      ([name, value]) => ` ${paint(90, `${oneLine(name)}=`)}${word(value)}`,
    );
    const trace = record.traceId === undefined ? "" : paint(90, ` trace=${record.traceId.slice(0, 8)}`);
    return `${paint(90, time)} ${paint(color[record.level], record.level.padEnd(5))} ${oneLine(record.message)}${fields.join("")}${trace}`;
  };
}

function loggerWith(options: LoggerOptions, bound: LogFields): Logger {
  const lowest = logLevels.indexOf(options.level ?? "info");
  const format = options.format ?? jsonLines;
  const enabled = (level: LogLevel): boolean => logLevels.indexOf(level) >= lowest;
  const write = (level: LogLevel, message: string, fields: LogFields | undefined): void => {
    if (!enabled(level)) return;
    const context = currentSpan()?.context;
    options.write(
      format({
        timeMs: options.clock.wall(),
        level,
        service: options.service,
        message,
        fields: printable(fields === undefined ? bound : { ...bound, ...fields }),
        traceId: context?.traceId,
        spanId: context?.spanId,
        sampled: context !== undefined && isSampled(context),
      }),
    );
  };
  return {
    debug: (message, fields) => write("debug", message, fields),
    info: (message, fields) => write("info", message, fields),
    warn: (message, fields) => write("warn", message, fields),
    error: (message, fields) => write("error", message, fields),
    child: (fields) => loggerWith(options, { ...bound, ...fields }),
    enabled,
  };
}

function word(value: unknown): string {
  if (typeof value === "string")
    return /^[^\s"=\p{C}]+$/u.test(value) ? value : oneLine(JSON.stringify(value));
  return oneLine(JSON.stringify(value) ?? "undefined");
}

/** Control and direction characters as escapes: a value must not be able to forge a line or steer a terminal. */
function oneLine(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
}
