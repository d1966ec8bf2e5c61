import { type Clock, messageOf, type Random, type Timer } from "../../kernel/index.ts";
import type { CheckSpec } from "../state/model.ts";
import { maxOutputChars, type ProbedKind, type ProbeResult, type Probes } from "./probe.ts";
import { statusMachine } from "./status-machine.ts";

type IntervalSpec = Extract<CheckSpec, { kind: ProbedKind }>;

/** What a running check may use and whom it tells. */
export interface IntervalOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly probes: Probes;
  readonly report: (result: ProbeResult) => void;
  /** Result that leaves the status as it is: only what it said is kept. */
  readonly note: (output: string) => void;
}

/**
 * Runs a check again and again: the first time somewhere within the first interval, so that checks registered
 * together do not run together forever, then one interval after the end of each run.
 */
export function intervalCheck(spec: IntervalSpec, options: IntervalOptions): Disposable {
  const { clock, random } = options;
  const machine = statusMachine(spec);
  const ending = new AbortController();
  let timer: Timer;

  const plan = (delayMs: number): void => {
    timer = clock.after(delayMs, () => void run(), { background: true });
  };
  const run = async (): Promise<void> => {
    const result = await once(spec, options, ending.signal);
    if (ending.signal.aborted) return;
    const status = machine.next(result.status);
    if (status === undefined) options.note(result.output);
    else options.report({ status, output: result.output });
    plan(spec.intervalMs);
  };

  plan(random.next() * spec.intervalMs);
  return {
    [Symbol.dispose]() {
      timer.cancel();
      ending.abort();
    },
  };
}

/** One run that always ends in a result, at the latest when its time is over. */
async function once(spec: IntervalSpec, options: IntervalOptions, ending: AbortSignal): Promise<ProbeResult> {
  const late = new AbortController();
  const timer = options.clock.after(spec.timeoutMs, () => late.abort(), { background: true });
  const stop = (): void => late.abort();
  ending.addEventListener("abort", stop, { once: true });
  try {
    return await probed(spec, options.probes, late.signal);
  } catch (error) {
    const why = late.signal.aborted ? `no answer within ${spec.timeoutMs}ms` : messageOf(error);
    return { status: "critical", output: `${nameOf(spec)}: ${why}`.slice(0, maxOutputChars) };
  } finally {
    timer.cancel();
    ending.removeEventListener("abort", stop);
  }
}

function probed(spec: IntervalSpec, probes: Probes, signal: AbortSignal): Promise<ProbeResult> {
  switch (spec.kind) {
    case "http":
      return probes.http(spec, signal);
    case "tcp":
      return probes.tcp(spec, signal);
    case "grpc":
      return probes.grpc(spec, signal);
    case "script":
      return probes.script(spec, signal);
  }
}

function nameOf(spec: IntervalSpec): string {
  switch (spec.kind) {
    case "http":
      return `HTTP ${spec.method} ${spec.url}`;
    case "tcp":
      return `TCP connect ${spec.address}`;
    case "grpc":
      return `gRPC check ${spec.address}`;
    case "script":
      return `script ${spec.args[0]}`;
  }
}
