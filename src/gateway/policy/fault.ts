import { aborted, type Clock, type Random, TuskerError } from "../../kernel/index.ts";
import type { RouteSettings } from "../section.ts";
import type { Guard } from "./visit.ts";

type FaultSettings = NonNullable<RouteSettings["fault"]>;

/** Says on every answer it touched that the failure was made here, and which. */
export const faultHeader = "X-Tusker-Fault";

export interface FaultPorts {
  readonly clock: Clock;
  readonly random: Random;
  /** The whole time of a request: a wait ends with it. */
  readonly timeoutMs: number;
  /** Hears of each fault, for log and metric. */
  readonly onFault: (kind: "delay" | "abort") => void;
}

/** Failures on purpose, for a share of the requests: a wait, an answer in place of the service's, or both. */
export function fault(settings: FaultSettings, { clock, random, timeoutMs, onFault }: FaultPorts): Guard {
  return async (visit) => {
    const { delay, abort } = settings;
    if (delay !== undefined && random.next() < settings.delay_share) {
      onFault("delay");
      visit.answerFields.push(faultHeader, `delay=${delay}ms`);
      try {
        await clock.sleep(Math.min(delay, timeoutMs), visit.signal);
      } catch {
        return { kind: "refuse", error: aborted(visit.signal) };
      }
    }
    if (abort === undefined || random.next() >= settings.abort_share) return undefined;
    onFault("abort");
    visit.answerFields.push(faultHeader, `abort=${abort}`);
    const error = new TuskerError(
      "GATEWAY_FAULT_INJECTED",
      `this failure was made on purpose: the route has a fault with abort ${abort}`,
    );
    return { kind: "refuse", error, status: abort };
  };
}
