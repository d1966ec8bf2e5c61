import { seededRandom } from "../../../src/kernel/index.ts";
import { generateCase } from "./generator.ts";
import { type Fault, runCase } from "./judge.ts";
import type { Referee } from "./referee.ts";

/** What many cases came to. */
export interface Tally {
  readonly cases: number;
  /** Requests that reached the origin. */
  readonly forwarded: number;
  /** Requests the cases hold by the letter of the RFC. */
  readonly valid: number;
  readonly faults: readonly FoundFault[];
}

export interface FoundFault extends Fault {
  /** The case, so that it can be sent again. */
  readonly bytes: string;
}

export interface CampaignOptions {
  readonly port: number;
  readonly referee: Referee;
  readonly seed: number;
  readonly cases: number;
  /** See `RunOptions`. */
  readonly quietMs?: number;
  readonly as?: "node";
}

/** Connections at a time. */
const lanes = 16;

/** Sends so many generated cases through a proxy. The same seed makes the same cases. */
export async function campaign(options: CampaignOptions): Promise<Tally> {
  const { port, referee, seed, cases } = options;
  const random = seededRandom(seed);
  const faults: FoundFault[] = [];
  let next = 0;
  let forwarded = 0;
  let valid = 0;
  const lane = async (): Promise<void> => {
    while (next < cases) {
      const one = generateCase(random, `c${next++}`);
      const verdict = await runCase(port, referee, one, options);
      forwarded += verdict.forwarded;
      valid += verdict.expected.messages.length;
      for (const fault of verdict.faults) faults.push({ ...fault, bytes: one.bytes.toString("latin1") });
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return { cases, forwarded, valid, faults };
}

/** What a failed assertion shows: the first faults, with what was sent. */
export function shown(faults: readonly FoundFault[]): string[] {
  return faults
    .slice(0, 5)
    .map(({ kind, text, bytes }) => `${kind}: ${text}\n  ${JSON.stringify(bytes.slice(0, 600))}`);
}
