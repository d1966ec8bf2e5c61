import type { HeaderList } from "../../net/index.ts";
import { hopByHop, namedByConnection } from "./hop-by-hop.ts";

/** The fields of the answer to the client: those of the service without the per-hop ones, then our own. */
export function answerHead(fields: HeaderList, status: number, own: HeaderList): string[] {
  const named = new Set<string>();
  let chunks = false;
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const lower = fields[i]?.toLowerCase();
    if (lower === "connection") namedByConnection(fields[i + 1] ?? "", named);
    else if (lower === "transfer-encoding") chunks = true;
  }
  const out: string[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? "";
    const lower = name.toLowerCase();
    // RFC 9110 §6.6.2: what will stand behind the body is announced anew, where there will be a behind.
    const announces = chunks && lower === "trailer";
    // RFC 9110 §15.5.22: a 426 without the protocols it asks for would be none; a tunnel can change to them.
    const asks = status === 426 && lower === "upgrade";
    if (!asks && ((hopByHop.has(lower) && !announces) || named.has(lower))) continue;
    // RFC 9110 §8.6: a 204 has no length; one that claims to would leave the client waiting for bytes.
    if (status === 204 && lower === "content-length") continue;
    out.push(name, fields[i + 1] ?? "");
  }
  out.push(...own);
  return out;
}
