import type { Endpoint } from "../../discovery/index.ts";
import { messageOf, type TuskerError } from "../../kernel/index.ts";
import type { UpgradeOffer } from "../../net/index.ts";
import { type Lease, nextTry, remainingMs } from "../../resilience/index.ts";
import { inject } from "../../telemetry/index.ts";
import { replyHead } from "../head/reply.ts";
import { retriesOn } from "../policy/retry-on.ts";
import { hintsOf, refusedPlace, type Trip } from "../tries.ts";
import { firstSet } from "../upstream.ts";
import { allOpen, failureOf, noEndpoint, type TryFailure, tooLate, upstreamError } from "../verdict.ts";
import { join, openTunnel, type TunnelOutcome } from "./joined.ts";

/**
 * Whether a client may be joined to a service for this. HTTP/2 in clear text and TLS are no other business but more
 * requests, which would pass beside every rule of the gateway ("h2c smuggling"): such an offer is ignored, as RFC 9110
 * §7.8 and RFC 9113 §3.1 allow.
 */
export function isTunnel(offer: UpgradeOffer): boolean {
  return !/(?:^|[,\s])(?:h2c?|http\/|tls\/)/i.test(offer.protocol);
}

/**
 * Step 7 for a request that wants another protocol: asks a service to change to it and joins the two connections.
 * What never left us is asked of another endpoint; anything else may have been acted on.
 *
 * It takes a place at the service until it is answered; the open tunnel takes none.
 *
 * @returns the status that was answered, or why there is no answer
 */
export async function throughTunnel(trip: Trip, offer: UpgradeOffer): Promise<number | TuskerError> {
  const { upstream } = trip;
  const { places } = upstream.room;
  upstream.enter();
  try {
    const refused = await refusedPlace(trip);
    if (refused !== undefined) return refused;
    try {
      return await opened(trip, offer);
    } finally {
      places.leave();
    }
  } finally {
    // An open tunnel has a connection of its own.
    upstream.leave();
  }
}

async function opened(trip: Trip, offer: UpgradeOffer): Promise<number | TuskerError> {
  const { door, route, upstream } = trip;
  const { service } = upstream;
  upstream.budget.deposit();
  await firstSet(upstream, door.clock);
  for (let attempt = 0; ; attempt++) {
    const leftMs = remainingMs(trip.deadlineMs, door.clock.now());
    if (leftMs === 0) return tooLate(service, route.timeoutMs, attempt);
    const picked = upstream.cluster.pick(trip.tried, hintsOf(trip));
    if (picked.kind === "none") return noEndpoint(service);
    if (picked.kind === "open") return allOpen(service, picked.untilMs - door.clock.now());
    const { lease } = picked;
    trip.tried.add(lease.endpoint.id);
    trip.seen.endpoint = lease.endpoint;
    trip.seen.attempts = attempt + 1;
    const outcome = await ask(trip, offer, lease.endpoint, Math.min(leftMs, route.tryTimeoutMs ?? leftMs));
    if (outcome.kind !== "failed") return settle(trip, offer, lease, outcome);
    const { error, failure } = judge(trip, lease, outcome);
    if (!(await again(trip, failure, attempt + 1))) return error;
  }
}

/** Waits before another try, by the same rules and out of the same budget as every other request; false: there is none. */
async function again(trip: Trip, failure: TryFailure, attempts: number): Promise<boolean> {
  const { door, route, upstream, exchange } = trip;
  const { clock, backoff, meters } = door;
  if (!retriesOn(route.retryOn, failure)) return false;
  const { retries, retryStatuses: statuses } = route;
  const next = nextTry(
    { retries, statuses, backoff, budget: upstream.budget, clock },
    // A service that has seen it may have changed the protocol already.
    { repeatable: false, deadlineMs: trip.deadlineMs },
    { value: undefined, failure },
    attempts,
  );
  if (typeof next === "string") {
    if (next === "budget" || next === "deadline") meters.notRetried(upstream.service, next);
    return false;
  }
  meters.retried(upstream.service, failure.kind);
  if (next === 0) return !exchange.signal.aborted;
  return clock.sleep(next, exchange.signal).then(
    () => true,
    () => false,
  );
}

function ask(
  trip: Trip,
  offer: UpgradeOffer,
  { host, port }: Endpoint,
  timeoutMs: number,
): Promise<TunnelOutcome> {
  const origin = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
  const fields = [...trip.headers, ...inject(trip.span.context)];
  const { exchange, path, door } = trip;
  const { protocol } = offer;
  return openTunnel(
    origin,
    { method: exchange.method, target: path, fields, protocol, timeoutMs, signal: exchange.signal },
    door.clock,
  );
}

/** Passes on what the service said; after 101 the tunnel lives on by itself. */
async function settle(
  { door, exchange, route, visit, upstream }: Trip,
  offer: UpgradeOffer,
  lease: Lease<Endpoint>,
  outcome: Exclude<TunnelOutcome, { kind: "failed" }>,
): Promise<number> {
  if (outcome.kind === "answer") {
    using _held = lease;
    if (outcome.status >= 500) lease.failure();
    else lease.success();
    const { status, fields } = outcome;
    const headers = replyHead(route, visit, { status, headers: fields, mark: lease.mark });
    try {
      await exchange.respond({ status, headers, body: outcome.body });
    } catch (error) {
      if (!exchange.signal.aborted) {
        const { service } = upstream;
        door.meters.broken(service);
        door.log.warn("a service broke off its answer", { service, error: messageOf(error) });
      }
    } finally {
      outcome.discard();
    }
    return exchange.signal.aborted ? 499 : status;
  }
  lease.success();
  const { tunnel } = outcome;
  try {
    const reply = { status: 101, headers: outcome.fields, mark: lease.mark };
    const client = offer.accept(replyHead(route, visit, reply));
    door.tunnels.open++;
    join(client, tunnel, {
      idleMs: door.snapshot.streamIdleMs,
      clock: door.clock,
      onEnd() {
        door.tunnels.open--;
        lease[Symbol.dispose]();
      },
    });
    return 101;
  } catch (error) {
    tunnel.socket.destroy();
    lease[Symbol.dispose]();
    throw error;
  }
}

function judge(
  { upstream, route, tried, exchange }: Trip,
  lease: Lease<Endpoint>,
  { cause, sent }: Extract<TunnelOutcome, { kind: "failed" }>,
): { readonly error: TuskerError; readonly failure: TryFailure } {
  using _held = lease;
  const stage =
    cause.code === "NET_CONNECT" ? "connect" : cause.code === "NET_MALFORMED" ? "protocol" : "head";
  const failed = { ok: false, stage, cause, sent } as const;
  const failure = failureOf(failed, false, exchange.signal.aborted);
  if (failure.blame) lease.failure();
  const place = { service: upstream.service, timeoutMs: route.timeoutMs };
  return { error: upstreamError(place, failed, failure, tried.size), failure };
}
