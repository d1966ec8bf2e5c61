import { messageOf, type Secret, TuskerError } from "../kernel/index.ts";
import type { ClientAnswer, UrlRequest } from "../net/index.ts";

/** What this room needs of a client; `httpClient()` of net is one. */
export interface RegistryHttp {
  request(request: UrlRequest): Promise<ClientAnswer>;
}

/** The same client, showing a token to a registry with every question; without one, the client itself. */
export function withToken(http: RegistryHttp, token: Secret | undefined): RegistryHttp {
  if (token === undefined) return http;
  return {
    request: (request) =>
      http.request({
        ...request,
        headers: [...(request.headers ?? []), "X-Consul-Token", token.reveal()],
      }),
  };
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
  /** Its connection ends with it: who answers so may be about to go. */
  readonly last: boolean;
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
  const { status, ...answer } = await exchange(http, request);
  if (status === 200) return answer;
  throw refused(request, status, answer.text);
}

/** Why an answer is none. @param text what the registry said beside its status */
export function refused({ method, url }: UrlRequest, status: number, text: string): TuskerError {
  const words = text.slice(0, 300).trim();
  const { origin, pathname } = new URL(url);
  const said = `the registry at ${origin} answered ${method} ${pathname} with ${status}${words === "" ? "" : `: ${words}`}`;
  const later = status >= 500 || status === 429;
  const code = later
    ? "DISCOVERY_UNREACHABLE"
    : status === 413
      ? "DISCOVERY_TOO_LARGE"
      : "DISCOVERY_PROTOCOL";
  return new TuskerError(code, said, {
    details: { origin, status },
  });
}

/** That a registry does not answer, in the room's words; an abort stays one, and so does what is said already. */
export function unreachable(url: string, cause: unknown): TuskerError {
  if (
    cause instanceof TuskerError &&
    (cause.code === "KERNEL_ABORTED" || cause.code.startsWith("DISCOVERY_"))
  )
    return cause;
  const { origin } = new URL(url);
  const said = `the registry at ${origin} cannot be asked: ${messageOf(cause)}`;
  return new TuskerError("DISCOVERY_UNREACHABLE", said, { cause, details: { origin } });
}

/**
 * Asks a registry where more than 200 is an answer.
 *
 * @throws TuskerError DISCOVERY_UNREACHABLE, KERNEL_ABORTED
 */
export async function exchange(
  http: RegistryHttp,
  request: UrlRequest,
): Promise<RegistryAnswer & { readonly status: number }> {
  try {
    // A registry that went away and came back empty must not look as if it had been there all the time.
    const answer = await http.request({ ...request, repeatable: false });
    const text = await answer.text(maxAnswerBytes);
    const last = answer.header("connection")?.toLowerCase() === "close";
    return { status: answer.status, index: answer.header("x-consul-index"), text, last };
  } catch (cause) {
    throw unreachable(request.url, cause);
  }
}

/** The address of an endpoint of the wire under a registry's base address. */
export function wireUrl(base: string, path: string): string {
  return `${base.replace(/\/+$/, "")}${path}`;
}

/** True for the address of an etcd. */
export function isEtcd(url: string): boolean {
  return /^etcds?:\/\//.test(url);
}
