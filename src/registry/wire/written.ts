import type { Answer, HeaderList } from "../../net/index.ts";

/** On every answer: bodies may come compressed one day, and what becomes of what no rule is about. */
export function commonHeaders(enforced: boolean): HeaderList {
  return enforced ? closed : open;
}

const open = ["Vary", "Accept-Encoding", "X-Consul-Default-Acl-Policy", "allow"];
const closed = ["Vary", "Accept-Encoding", "X-Consul-Default-Acl-Policy", "deny"];

/** A reply with its whole body as bytes, ready to go out as often as it is asked for. */
export type WrittenReply = Pick<Answer, "status" | "headers"> & { readonly body: Uint8Array };

/** A reply of JSON as bytes. */
export function writtenJson(headers: HeaderList, value: unknown, query: URLSearchParams): WrittenReply {
  return {
    status: 200,
    headers: ["Content-Type", "application/json", ...headers],
    body: Buffer.from(jsonText(value, query)),
  };
}

/** `pretty` indents. */
export function jsonText(value: unknown, query: URLSearchParams): string {
  return query.has("pretty") ? `${JSON.stringify(value, null, 4)}\n` : JSON.stringify(value);
}
