/** Cuts text that arrives in pieces into its lines; what has no end yet waits for the next piece. */
export function lineReader(onLine: (line: string) => void): (piece: string) => void {
  let rest = "";
  return (piece) => {
    const lines = (rest + piece).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") onLine(line);
  };
}

/** Text without the escape sequences by which programs colour a terminal (ECMA-48 CSI and OSC). */
export function withoutColor(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one.
  return text.replaceAll(/\u001b(?:\[[0-9;:?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?)/g, "");
}

/** What a line of a log says, whether it was written for people or as JSON. */
export interface Said {
  readonly text: string;
  readonly level?: string | undefined;
  readonly traceId?: string | undefined;
}

/** JSON lines with a message become "message name=value …"; other text stays as it is. */
export function readLogText(raw: string): Said {
  const text = withoutColor(raw);
  const record = text.startsWith("{") ? parsed(text) : undefined;
  const message = record?.message ?? record?.msg;
  if (record === undefined || typeof message !== "string") return readWords(text);
  const { level, trace_id: traceId } = record;
  const fields = Object.entries(record)
    .filter(([name]) => !ownFields.has(name))
    .map(([name, value]) => ` ${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  return {
    text: message + fields.join(""),
    level: typeof level === "string" ? level : undefined,
    traceId: typeof traceId === "string" ? traceId : undefined,
  };
}

/** Our own lines for people begin with time and level; the time stands beside them already. */
function readWords(text: string): Said {
  const [, level, rest = text] = /^\d\d:\d\d:\d\d\.\d{3} (debug|info|warn|error) +(.*)$/.exec(text) ?? [];
  const traceId = /(?:\btrace=([0-9a-f]{8})|\b([0-9a-f]{32}))\b/.exec(rest);
  return { text: rest, level, traceId: traceId?.[1] ?? traceId?.[2] };
}

const ownFields = new Set(
  "time timestamp level severity_number service.name message msg trace_id span_id trace_flags".split(" "),
);

interface JsonLine {
  readonly message?: unknown;
  readonly msg?: unknown;
  readonly level?: unknown;
  readonly trace_id?: unknown;
}

function parsed(text: string): JsonLine | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
