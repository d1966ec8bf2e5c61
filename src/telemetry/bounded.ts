import { Secret } from "../kernel/index.ts";
import type { AttributeInput, AttributeValue } from "./span-data.ts";

/** Per span, as in the OpenTelemetry SDK limits; what goes beyond is counted, not kept. */
export const spanLimits = { attributes: 128, events: 128, links: 128, valueLength: 4096 } as const;

/** What is given, but for what is left out, with values cut to their limit. */
export function bounded(attributes: AttributeInput | undefined): Record<string, AttributeValue> {
  const kept: Record<string, AttributeValue> = {};
  for (const [name, value] of Object.entries(attributes ?? {}))
    if (value !== undefined && name !== "" && name !== "__proto__") kept[name] = boundedValue(value);
  return kept;
}

/** JavaScript callers can pass anything. A Secret prints as [secret] wherever it lands. */
export function boundedValue(value: AttributeValue): AttributeValue {
  if (typeof value === "string") return cut(value);
  if (typeof value === "number" || typeof value === "boolean") return value;
  if (!Array.isArray(value)) return foreign(value);
  return value
    .slice(0, spanLimits.attributes)
    .map((v: unknown) =>
      typeof v === "string" ? cut(v) : typeof v === "number" || typeof v === "boolean" ? v : foreign(v),
    );
}

function foreign(value: unknown): string {
  return value instanceof Secret ? "[secret]" : cut(String(value));
}

export function cut(text: string): string {
  return text.length <= spanLimits.valueLength ? text : text.slice(0, spanLimits.valueLength);
}
