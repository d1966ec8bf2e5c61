import type { Attributes, Resource, SpanData } from "../../telemetry/index.ts";

/** Objects, map entries and numbers of one span, as measured on V8. */
const spanOverhead = 480;
const entryOverhead = 40;

/** About how many bytes of memory a stored span takes, without its resource. */
export function sizeOfSpan(span: SpanData): number {
  let bytes = spanOverhead + span.name.length + sizeOfAttributes(span.attributes);
  for (const event of span.events)
    bytes += entryOverhead + event.name.length + sizeOfAttributes(event.attributes);
  for (const link of span.links) bytes += entryOverhead + 48 + sizeOfAttributes(link.attributes);
  if (span.status.code === "error") bytes += span.status.message.length;
  return bytes + (span.traceState?.length ?? 0);
}

/** About how many bytes of memory a resource takes, however many spans have it. */
export function sizeOfResource({ service, attributes }: Resource): number {
  return spanOverhead + service.length + sizeOfAttributes(attributes);
}

function sizeOfAttributes(attributes: Attributes): number {
  let bytes = 0;
  for (const name in attributes) {
    const value = attributes[name];
    bytes += entryOverhead + name.length;
    if (typeof value === "string") bytes += value.length;
    else if (typeof value === "object")
      for (const element of value) bytes += typeof element === "string" ? 16 + element.length : 8;
  }
  return bytes;
}
