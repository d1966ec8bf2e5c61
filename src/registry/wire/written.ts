import type { Answer, HeaderList } from "../../net/index.ts";
import type { Reply } from "./route.ts";

/** On every answer: access rules are not in force, and bodies may come compressed one day. */
const commonHeaders: HeaderList = ["Vary", "Accept-Encoding", "X-Consul-Default-Acl-Policy", "allow"];

/** A reply with its whole body as bytes, ready to go out as often as it is asked for. */
export type WrittenReply = Pick<Answer, "status" | "headers"> & { readonly body: Uint8Array };

/** A reply as it goes out. `pretty` indents JSON. */
export function written({ status, headers = [], content }: Reply, query: URLSearchParams): Answer {
  if (content?.kind === "written") return content.answer;
  const all = [...headers, ...commonHeaders];
  if (content === undefined) return { status, headers: all };
  if (content.kind === "text") {
    const type = content.type ?? "text/plain; charset=utf-8";
    return { status, headers: ["Content-Type", type, ...all], body: content.text };
  }
  if (content.kind === "bytes") {
    return { status, headers: ["Content-Type", content.type, ...all], body: content.bytes };
  }
  if (content.kind === "stream") {
    return { status, headers: ["Content-Type", content.type, ...all], body: content.stream.bytes };
  }
  return {
    status,
    headers: ["Content-Type", "application/json", ...all],
    body: jsonText(content.value, query),
  };
}

/** A reply of JSON as bytes. */
export function writtenJson(headers: HeaderList, value: unknown, query: URLSearchParams): WrittenReply {
  return {
    status: 200,
    headers: ["Content-Type", "application/json", ...headers, ...commonHeaders],
    body: Buffer.from(jsonText(value, query)),
  };
}

function jsonText(value: unknown, query: URLSearchParams): string {
  return query.has("pretty") ? `${JSON.stringify(value, null, 4)}\n` : JSON.stringify(value);
}
