import type { Answer, HeaderList } from "../../net/index.ts";

/** On every answer: access rules are not in force, and bodies may come compressed one day. */
export const commonHeaders: HeaderList = ["Vary", "Accept-Encoding", "X-Consul-Default-Acl-Policy", "allow"];

/** A reply with its whole body as bytes, ready to go out as often as it is asked for. */
export type WrittenReply = Pick<Answer, "status" | "headers"> & { readonly body: Uint8Array };

/** A reply of JSON as bytes. */
export function writtenJson(headers: HeaderList, value: unknown, query: URLSearchParams): WrittenReply {
  return {
    status: 200,
    headers: ["Content-Type", "application/json", ...headers, ...commonHeaders],
    body: Buffer.from(jsonText(value, query)),
  };
}

/** `pretty` indents. */
export function jsonText(value: unknown, query: URLSearchParams): string {
  return query.has("pretty") ? `${JSON.stringify(value, null, 4)}\n` : JSON.stringify(value);
}
