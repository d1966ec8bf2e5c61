import type { Endpoint } from "../../discovery/index.ts";
import type { Clock, Random, Timer } from "../../kernel/index.ts";
import { checkPace, timeLimit } from "../../resilience/index.ts";
import type { Forwarder } from "../forward/forwarder.ts";
import type { UpstreamSettings } from "../section.ts";

type CheckSettings = NonNullable<UpstreamSettings["health_check"]>;

/** Asks every endpoint of a service, again and again. Disposing it ends that. */
export interface Checks extends Disposable {
  /** Takes over a new set: newcomers are asked at once. */
  adopt(endpoints: readonly Endpoint[]): void;
}

export interface ChecksPorts {
  readonly forwarder: Forwarder;
  readonly clock: Clock;
  readonly random: Random;
  readonly onChecked: (endpoint: Endpoint, passed: boolean) => void;
}

/** Active checks. One question at a time per endpoint; the next one waits its interval after the answer. */
export function checks(settings: CheckSettings, ports: ChecksPorts): Checks {
  const { clock, random, forwarder } = ports;
  const running = new Map<string, { readonly endpoint: Endpoint; timer: Timer | undefined }>();

  const ask = async (endpoint: Endpoint): Promise<boolean> => {
    using limit = timeLimit(clock, {
      ms: settings.timeout,
      reason: () => new Error("the check took too long"),
    });
    const outcome = await forwarder.forward(
      {
        method: "GET",
        path: settings.path,
        headers: ["Host", `${endpoint.host}:${endpoint.port}`, "User-Agent", "tusker-health-check"],
        body: undefined,
        signal: limit.signal,
      },
      endpoint,
    );
    if (!outcome.ok) return false;
    outcome.answer.discard();
    const { status } = outcome.answer;
    return status >= 200 && status < 300;
  };
  const round = async (key: string): Promise<void> => {
    const entry = running.get(key);
    if (entry === undefined) return;
    const passed = await ask(entry.endpoint).catch(() => false);
    // It may have left meanwhile.
    if (running.get(key) !== entry) return;
    ports.onChecked(entry.endpoint, passed);
    const waitMs = checkPace(settings.interval, random.next());
    entry.timer = clock.after(waitMs, () => void round(key), { background: true });
  };
  const adopt = (endpoints: readonly Endpoint[]): void => {
    const now = new Map(endpoints.map((endpoint) => [keyOf(endpoint), endpoint]));
    for (const [key, { timer }] of running) {
      if (now.has(key)) continue;
      timer?.cancel();
      running.delete(key);
    }
    for (const [key, endpoint] of now) {
      if (running.has(key)) continue;
      running.set(key, { endpoint, timer: undefined });
      void round(key);
    }
  };
  return { adopt, [Symbol.dispose]: () => adopt([]) };
}

function keyOf({ id, host, port }: Endpoint): string {
  return `${id} ${host} ${port}`;
}
