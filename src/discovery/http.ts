import { messageOf, TuskerError } from "../kernel/index.ts";
import type { ClientAnswer, UrlRequest } from "../net/index.ts";

/** What this room needs of a client; `httpClient()` of net is one. */
export interface RegistryHttp {
  request(request: UrlRequest): Promise<ClientAnswer>;
}

/** What this room says to the operator. */
export interface DiscoveryLog {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** One question to a registry with its answer read whole. */
export interface RegistryAnswer {
  readonly index: string | undefined;
  readonly text: string;
}

/** 10,000 instances of a service with long metadata still fit. */
const maxAnswerBytes = 32 * 1024 * 1024;

/**
 * Asks a registry and reads its answer.
 *
 * @throws TuskerError DISCOVERY_UNREACHABLE (no answer, or 5xx/429: ask again later), DISCOVERY_PROTOCOL (refused),
 * KERNEL_ABORTED
 */
export async function askRegistry(http: RegistryHttp, request: UrlRequest): Promise<RegistryAnswer> {
  const { status, index, text } = await exchange(http, request);
  if (status === 200) return { index, text };
  const words = text.slice(0, 300).trim();
  const { origin, pathname } = new URL(request.url);
  const said = `the registry at ${origin} answered ${request.method} ${pathname} with ${status}${words === "" ? "" : `: ${words}`}`;
  const later = status >= 500 || status === 429;
  throw new TuskerError(later ? "DISCOVERY_UNREACHABLE" : "DISCOVERY_PROTOCOL", said, {
    details: { origin, status },
  });
}

async function exchange(
  http: RegistryHttp,
  request: UrlRequest,
): Promise<RegistryAnswer & { readonly status: number }> {
  try {
    const answer = await http.request(request);
    const text = await answer.text(maxAnswerBytes);
    return { status: answer.status, index: answer.header("x-consul-index"), text };
  } catch (cause) {
    if (cause instanceof TuskerError && cause.code === "KERNEL_ABORTED") throw cause;
    const { origin } = new URL(request.url);
    throw new TuskerError(
      "DISCOVERY_UNREACHABLE",
      `the registry at ${origin} cannot be asked: ${messageOf(cause)}`,
      { cause, details: { origin } },
    );
  }
}

/** The address of an endpoint of the wire under a registry's base address. */
export function wireUrl(base: string, path: string): string {
  return `${base.replace(/\/+$/, "")}${path}`;
}
