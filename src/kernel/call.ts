/** What travels with every call, client and server side. */
export interface CallContext {
  /** Fires when the caller went away or the deadline passed. */
  readonly signal: AbortSignal;
  /** Monotonic time (Clock.now) after which nobody waits any more; undefined means no deadline. */
  readonly deadline?: number | undefined;
}

/** One call: a request in, an answer out. */
export type Call<Req, Res, Ctx extends CallContext = CallContext> = (req: Req, ctx: Ctx) => Promise<Res>;

/** One concern around a call. */
export type Layer<Req, Res, Ctx extends CallContext = CallContext> = (
  next: Call<Req, Res, Ctx>,
) => Call<Req, Res, Ctx>;

/**
 * Wraps `inner` in `layers`, the first one outermost, so that a list of layers reads as the journey of a request.
 *
 * @example stack(dial, [trace(route.name), deadline(route.timeout), retry(route.retries), pick(cluster)])
 */
export function stack<Req, Res, Ctx extends CallContext = CallContext>(
  inner: Call<Req, Res, Ctx>,
  layers: readonly Layer<Req, Res, Ctx>[],
): Call<Req, Res, Ctx> {
  return layers.reduceRight((next, layer) => layer(next), inner);
}
