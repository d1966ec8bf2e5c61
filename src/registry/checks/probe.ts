import type { CheckPolicy, CheckSpec, CheckStatus } from "../state/model.ts";

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

/** What an instance said of itself, as much of it as is kept, and how much that is. */
export function captured(
  said: string,
  { outputChars = maxOutputChars }: Pick<CheckPolicy, "outputChars">,
): string {
  if (said.length <= outputChars) return said;
  return `${said.slice(0, outputChars)} ... (captured ${outputChars} of ${said.length} characters)`;
}

/** As much of what a check says as is kept of it. */
export function kept(
  output: string,
  { outputChars = maxOutputChars }: Pick<CheckPolicy, "outputChars">,
): string {
  return output.slice(0, outputChars);
}
