/** Why a try gave no good answer, in the words that decide whether it may be repeated. */
export type Failure =
  /** Nothing of the request left this process: no connection, no free one. */
  | { readonly kind: "unsent" }
  /** The peer said that it did not process the request: REFUSED_STREAM, GOAWAY below the stream (RFC 9113 §8.7). */
  | { readonly kind: "refused" }
  /** The connection broke before the head of an answer. */
  | { readonly kind: "reset" }
  /** The time of one try ran out before the head of an answer. */
  | { readonly kind: "timeout" }
  /** An HTTP answer with a status that means failure. */
  | { readonly kind: "status"; readonly status: number }
  /** A gRPC status other than OK. */
  | { readonly kind: "grpc"; readonly status: number }
  /** Shed here, refused for good, or no longer wanted: repeating can only do harm. */
  | { readonly kind: "final" };

/** RFC 9110 §9.2.2, and QUERY (RFC 10008). */
const idempotent = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "QUERY"]);

/** What makes a request repeatable besides its method. */
export interface RepeatTraits {
  /** The request carries `Idempotency-Key`: its receiver promises to act once. */
  readonly idempotencyKey?: boolean;
  /** The operator wrote `retry_unsafe: true`. */
  readonly retryUnsafe?: boolean;
}

/** True when a peer that acted on the request twice would do no harm. */
export function isRepeatable(method: string, traits: RepeatTraits = {}): boolean {
  return idempotent.has(method) || traits.idempotencyKey === true || traits.retryUnsafe === true;
}

/** Statuses that say that the service, not the request, is the trouble. */
export const unavailableStatuses: ReadonlySet<number> = new Set([502, 503, 504]);

/**
 * True when `failure` is of a kind that another try may cure, given that the request may be acted on twice or not.
 *
 * @param statuses HTTP statuses worth another try
 */
export function mayRetry(
  repeatable: boolean,
  failure: Failure,
  statuses: ReadonlySet<number> = unavailableStatuses,
): boolean {
  switch (failure.kind) {
    case "unsent":
    case "refused":
      return true;
    case "final":
      return false;
    case "reset":
    case "timeout":
      return repeatable;
    case "status":
      return repeatable && statuses.has(failure.status);
    case "grpc":
      return repeatable && failure.status === 14;
    default:
      return failure satisfies never;
  }
}
