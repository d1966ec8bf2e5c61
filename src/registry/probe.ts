import { TuskerError } from "../kernel/index.ts";
import type { ClientAnswer, UrlRequest } from "../net/index.ts";

/** What is at an address where a registry should be. */
export type Found =
  /** A registry that speaks the wire; `leader` is empty while it has none. */
  | { readonly kind: "registry"; readonly leader: string }
  /** Nobody listens. */
  | { readonly kind: "nothing" }
  /** Somebody else; `what` says how it was told apart. */
  | { readonly kind: "other"; readonly what: string };

const answerWithinMs = 2_000;

/**
 * Asks whether a registry is at `url`, so that the fleet uses it in place of starting its own. Never throws for what
 * it finds.
 *
 * @throws TuskerError KERNEL_ABORTED
 * @example const found = await probeRegistry("http://localhost:8500", http);
 */
export async function probeRegistry(
  url: string,
  http: { request(request: UrlRequest): Promise<ClientAnswer> },
  signal?: AbortSignal,
): Promise<Found> {
  const path = "/v1/status/leader";
  try {
    const answer = await http.request({
      method: "GET",
      url: `${url.replace(/\/+$/, "")}${path}`,
      headTimeoutMs: answerWithinMs,
      ...(signal === undefined ? {} : { signal }),
    });
    const leader = textOf(await answer.text(4096));
    if (answer.status === 200 && leader !== undefined) return { kind: "registry", leader };
    const type = answer.header("content-type") ?? "no content type";
    return { kind: "other", what: `it answers GET ${path} with ${answer.status} and ${type}` };
  } catch (error) {
    if (!(error instanceof TuskerError) || error.code === "KERNEL_ABORTED") throw error;
    if (error.code === "NET_CONNECT") return { kind: "nothing" };
    return { kind: "other", what: error.message };
  }
}

/** The JSON string in a text; undefined when it holds something else. */
function textOf(body: string): string | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}
