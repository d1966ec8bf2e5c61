import { seededRandom } from "../../../src/kernel/index.ts";
import { type AnswerFault, runAnswer } from "./answer-judge.ts";
import { generateAnswer } from "./answers.ts";
import type { ScriptedOrigin } from "./scripted-origin.ts";

/** What many answers came to. */
export interface AnswerTally {
  readonly cases: number;
  /** Answers that are right by the letter of the RFC, and those of them that reached the client. */
  readonly valid: number;
  readonly passed: number;
  readonly faults: readonly (AnswerFault & { readonly method: string; readonly bytes: string })[];
}

/** Connections at a time. */
const lanes = 16;

/** Has an origin say so many generated answers to a proxy. The same seed makes the same answers. */
export async function answerCampaign(options: {
  readonly port: number;
  readonly origin: ScriptedOrigin;
  readonly seed: number;
  readonly cases: number;
  /** See `ReadOptions`. */
  readonly as?: "node";
}): Promise<AnswerTally> {
  const { port, origin, seed, cases } = options;
  const random = seededRandom(seed);
  const faults: AnswerTally["faults"][number][] = [];
  let next = 0;
  let valid = 0;
  let passed = 0;
  const lane = async (): Promise<void> => {
    while (next < cases) {
      const one = generateAnswer(random, `a${next++}`);
      const verdict = await runAnswer(port, origin, one, options);
      valid += Number(verdict.valid);
      passed += Number(verdict.passed);
      const bytes = one.bytes.toString("latin1");
      for (const fault of verdict.faults) faults.push({ ...fault, method: one.method, bytes });
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return { cases, valid, passed, faults };
}

/** What a failed assertion shows: the first faults, with what the origin said. */
export function shownAnswers({ faults }: AnswerTally): string[] {
  return faults
    .slice(0, 5)
    .map(
      ({ kind, text, method, bytes }) =>
        `${kind}: ${text}\n  to ${method} ${JSON.stringify(bytes.slice(0, 600))}`,
    );
}
