import type { HeaderList } from "../../net/index.ts";
import { hopByHop, namedByConnection } from "./hop-by-hop.ts";

/** The fields of the answer to the client: those of the service without the per-hop ones, then our own. */
export function answerHead(fields: HeaderList, status: number, own: HeaderList): string[] {
  const named = new Set<string>();
  for (let i = 0; i + 1 < fields.length; i += 2) {
    if (fields[i]?.toLowerCase() === "connection") namedByConnection(fields[i + 1] ?? "", named);
  }
  const out: string[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? "";
    const lower = name.toLowerCase();
    if (hopByHop.has(lower) || named.has(lower)) continue;
    // RFC 9110 §8.6: a 204 has no length; one that claims to would leave the client waiting for bytes.
    if (status === 204 && lower === "content-length") continue;
    out.push(name, fields[i + 1] ?? "");
  }
  out.push(...own);
  return out;
}
