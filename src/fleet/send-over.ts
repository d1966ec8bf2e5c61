import type { addressResolver } from "../discovery/index.ts";
import type { HttpClient } from "../net/index.ts";
import type { Send } from "../telemetry/index.ts";

/**
 * The port exporters send through, over a client of `net`.
 *
 * @param address of what only the registry knows where it is, the address now
 */
export function sendOver(http: HttpClient, address: ReturnType<typeof addressResolver>): Send {
  return async ({ url: written, headers, body }, signal) => {
    const url = await address(written, signal);
    const answer = await http.request({ method: "POST", url, headers, body, signal, headTimeoutMs: 10_000 });
    await answer.bytes(1024 * 1024);
    return { status: answer.status, header: (name) => answer.header(name) };
  };
}
