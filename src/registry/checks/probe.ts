import type { CheckSpec, CheckStatus } from "../state/model.ts";

/** What one run of a check found. */
export interface ProbeResult {
  readonly status: CheckStatus;
  /** For people; at most `maxOutputChars`. */
  readonly output: string;
}

/** Runs a check once. A rejection counts as critical with its message as output. The signal ends it. */
export type Probe<Kind extends CheckSpec["kind"]> = (
  spec: Extract<CheckSpec, { kind: Kind }>,
  signal: AbortSignal,
) => Promise<ProbeResult>;

/** Ways to reach an instance. An argument, so that what is not on this network can be checked too. */
export interface Probes {
  readonly http: Probe<"http">;
  readonly tcp: Probe<"tcp">;
  readonly grpc: Probe<"grpc">;
  readonly script: Probe<"script">;
}

/** Kinds of checks that are run again and again. */
export type ProbedKind = keyof Probes;

/** What a check says is shown to people: more than a page is never read, and it is kept for every check. */
export const maxOutputChars = 4096;
