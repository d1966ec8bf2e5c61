import type { HttpClient } from "../net/index.ts";
import type { Send } from "../telemetry/index.ts";

/** The port exporters send through, over a client of `net`. */
export function sendOver(http: HttpClient): Send {
  return async ({ url, headers, body }, signal) => {
    const answer = await http.request({ method: "POST", url, headers, body, signal, headTimeoutMs: 10_000 });
    await answer.bytes(1024 * 1024);
    return { status: answer.status, header: (name) => answer.header(name) };
  };
}
