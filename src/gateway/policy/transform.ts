import type { HeaderList } from "../../net/index.ts";
import { framing } from "../section/words.ts";
import type { RouteSettings } from "../section.ts";

type TransformSettings = NonNullable<RouteSettings["request_headers"]>;

/** Rewrites the fields of a head. */
export type Transform = (fields: HeaderList) => string[];

/**
 * Removes, then sets, then adds. What frames the message or names its ends is not for the file to change: a length that
 * is not true would let one message be read as two.
 */
export function transform(settings: TransformSettings): Transform {
  const gone = new Set(
    [...settings.remove, ...Object.keys(settings.set)]
      .map((name) => name.toLowerCase())
      .filter((name) => !framing.has(name)),
  );
  const written = [...Object.entries(settings.set), ...Object.entries(settings.add)]
    .filter(([name]) => !framing.has(name.toLowerCase()))
    .flat();
  return (fields) => {
    const out: string[] = [];
    for (let i = 0; i + 1 < fields.length; i += 2) {
      const name = fields[i] ?? "";
      if (!gone.has(name.toLowerCase())) out.push(name, fields[i + 1] ?? "");
    }
    out.push(...written);
    return out;
  };
}
