import type { Resource, SpanData } from "../span-data.ts";

/** Spans grouped by who produced them, groups and members in order of arrival. */
export function byResource(spans: readonly SpanData[]): ReadonlyMap<Resource, readonly SpanData[]> {
  const groups = new Map<Resource, SpanData[]>();
  for (const span of spans) {
    const group = groups.get(span.resource);
    if (group === undefined) groups.set(span.resource, [span]);
    else group.push(span);
  }
  return groups;
}
