import { systemCode, TuskerError } from "../kernel/index.ts";
import { type Failure, formatRetryAfter, type RateDecision } from "../resilience/index.ts";
import type { ForwardOutcome } from "./forward/forwarder.ts";

/** Why a try failed, and whether its endpoint is to blame. */
export type TryFailure = Failure & { readonly blame: boolean };

/** The service that was asked, and how long the whole request had. */
interface Asked {
  readonly service: string;
  readonly timeoutMs: number;
}

type Failed = Extract<ForwardOutcome, { ok: false }>;

/**
 * @param expired the try's own time ran out
 * @param gone the client went away, which ends a try without saying anything about the endpoint
 */
export function failureOf(outcome: Failed, expired: boolean, gone: boolean): TryFailure {
  if (gone || isClients(outcome.cause)) return { kind: "final", blame: false };
  if (outcome.stage === "protocol") return { kind: "final", blame: true };
  if (!outcome.sent) return { kind: "unsent", blame: true };
  return { kind: expired || outcome.cause.code === "NET_TIMEOUT" ? "timeout" : "reset", blame: true };
}

/** The error a client is told when this was the last try. While a service is down, all of them are 503. */
export function upstreamError(
  { service, timeoutMs }: Asked,
  outcome: Failed,
  failure: TryFailure,
  attempts: number,
): TuskerError {
  const { cause, stage } = outcome;
  if (cause.code === "NET_MALFORMED" && cause.details.sent === false) return unsendable(cause);
  if (isClients(cause) || cause.code === "GATEWAY_TIMEOUT") return cause;
  if (failure.kind === "final" && !failure.blame) return clientGone();
  if (failure.kind === "timeout") return tooLate(service, timeoutMs, attempts);
  const details = { service, attempts };
  if (stage === "protocol") {
    const what = isTooLarge(cause)
      ? "answered with a head that is too large"
      : "sent something that is not HTTP";
    return new TuskerError("GATEWAY_BAD_UPSTREAM", `service "${service}" ${what}`, { cause, details });
  }
  const how = stage === "connect" ? "takes no connections" : "closed the connection before it answered";
  const reason = reasonOf(cause);
  const message = `service "${service}" ${how}${reason === undefined ? "" : ` (${reason})`}, asked ${times(attempts)}`;
  return new TuskerError("GATEWAY_UPSTREAM_UNAVAILABLE", message, { cause, details });
}

/**
 * Failures of the request and not of the endpoint: a body that is too large, malformed or does not come, a field that
 * cannot be written. An endpoint blamed for them could be taken from everybody by one client.
 */
function isClients({ code, details }: TuskerError): boolean {
  if (details.side === "client") return true;
  return code === "GATEWAY_BODY_TOO_LARGE" || (code === "NET_MALFORMED" && details.sent === false);
}

/** True of an answer whose head is larger than the engine takes, or has more fields. */
export function isTooLarge(cause: unknown): boolean {
  if (!(cause instanceof TuskerError)) return false;
  return cause.details.reason === "headTooLarge" || cause.details.reason === "tooManyFields";
}

function unsendable(cause: TuskerError): TuskerError {
  return new TuskerError("GATEWAY_BAD_REQUEST", "the request has a field that cannot be passed on", {
    cause,
  });
}

/** The operating system's word for it, which operators know; what a library calls it helps nobody who reads this. */
function reasonOf(cause: TuskerError): string | undefined {
  const code = systemCode(cause);
  if (code === "UND_ERR_CONNECT_TIMEOUT") return "ETIMEDOUT";
  return code !== undefined && /^E(?!RR_)[A-Z0-9_]+$/.test(code) ? code : undefined;
}

export function tooLate(service: string, timeoutMs: number, attempts: number): TuskerError {
  return new TuskerError(
    "GATEWAY_TIMEOUT",
    `service "${service}" did not answer in time, asked ${times(attempts)}`,
    {
      details: { service, timeout_ms: timeoutMs, attempts },
    },
  );
}

export function noEndpoint(service: string): TuskerError {
  return new TuskerError(
    "GATEWAY_NO_ENDPOINT",
    `no instance of service "${service}" is ready; it is starting, has failed or was never started`,
    { details: { service } },
  );
}

export function allOpen(service: string, waitMs: number): TuskerError {
  return new TuskerError(
    "GATEWAY_BREAKER_OPEN",
    `every instance of service "${service}" failed lately and is left alone for a moment`,
    { details: { service, retry_after_ms: Math.max(0, Math.ceil(waitMs)) } },
  );
}

export function overloaded(): TuskerError {
  return new TuskerError("GATEWAY_OVERLOADED", "too many requests are under way; try again in a moment");
}

export function shed(service: string): TuskerError {
  return new TuskerError(
    "GATEWAY_SHED",
    `service "${service}" has as many requests under way as it can bear; try again in a moment`,
    { details: { service } },
  );
}

export function rateLimited({ limit, retryAfterMs }: RateDecision): TuskerError {
  const message = `more than ${limit} requests in the window; try again in ${formatRetryAfter(retryAfterMs)} s`;
  return new TuskerError("GATEWAY_RATE_LIMITED", message, {
    details: { limit, retry_after_ms: Math.ceil(retryAfterMs) },
  });
}

export function clientGone(): TuskerError {
  return new TuskerError("GATEWAY_CLIENT_GONE", "the client went away");
}

function times(attempts: number): string {
  return attempts <= 1 ? "once" : `${attempts} times`;
}
