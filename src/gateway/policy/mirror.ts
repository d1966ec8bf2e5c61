import type { Clock, Random } from "../../kernel/index.ts";
import { timeLimit } from "../../resilience/index.ts";
import type { Forwarder } from "../forward/forwarder.ts";
import type { Upstream } from "../upstream.ts";

/** A request that was forwarded, as a copy of it goes out. */
export interface Copied {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly string[];
  /** All of it; undefined when there is none; "lost" when it was too long to be kept, or not read to its end. */
  readonly body: readonly Uint8Array[] | "lost" | undefined;
}

/** Sends copies; never waits, never fails. */
export interface Mirror {
  send(request: Copied): void;
}

export interface MirrorPorts {
  readonly forwarder: Forwarder;
  readonly clock: Clock;
  readonly random: Random;
  /** Hears what became of each copy. */
  readonly onCopy: (service: string, outcome: "sent" | "failed" | "dropped") => void;
}

/** Copies under way at once; more are dropped, because nobody may suffer from a slow mirror. */
const maxUnderWay = 64;
const timeoutMs = 10_000;

/** Tells the service that it sees a copy: it should not send mail. */
export const mirrorHeader = "x-tusker-mirror";

/** Copies a share of the requests to another service, whose answers are thrown away. */
export function mirror(upstream: Upstream, share: number, ports: MirrorPorts): Mirror {
  const { clock, random, forwarder, onCopy } = ports;
  const { service } = upstream;
  let underWay = 0;

  const copy = async (request: Copied, body: readonly Uint8Array[] | undefined): Promise<boolean> => {
    const picked = upstream.cluster.pick();
    if (picked.kind !== "endpoint") return false;
    using lease = picked.lease;
    using limit = timeLimit(clock, { ms: timeoutMs, reason: () => new Error("the mirror took too long") });
    const outcome = await forwarder.forward(
      {
        method: request.method,
        path: request.path,
        headers: [...request.headers, mirrorHeader, "1"],
        body: body === undefined ? undefined : chunks(body),
        signal: limit.signal,
      },
      lease.endpoint,
    );
    if (outcome.ok) outcome.answer.discard();
    const good = outcome.ok && outcome.answer.status < 500;
    if (good) lease.success();
    else lease.failure();
    return good;
  };
  return {
    send(request) {
      if (random.next() >= share) return;
      // Without its body it would be another request: the service would wait for bytes that do not come.
      if (underWay >= maxUnderWay || request.body === "lost") return onCopy(service, "dropped");
      underWay++;
      upstream.enter();
      copy(request, request.body)
        .then(
          (good) => onCopy(service, good ? "sent" : "failed"),
          () => onCopy(service, "failed"),
        )
        .finally(() => {
          upstream.leave();
          underWay--;
        });
    },
  };
}

async function* chunks(body: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* body;
}
