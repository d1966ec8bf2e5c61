import { breakerCells } from "./breaker.ts";
import { type Cells, type CellsSize, ownCells } from "./cells.ts";
import { loadCells } from "./load.ts";
import { outlierCells } from "./outlier.ts";
import { ownRunning, type Running } from "./running.ts";

/** Where a cluster keeps what must be one over all who ask the same endpoints. Disposed, its room may be another's. */
export interface ClusterMemory extends Disposable {
  /** Of the set as a whole. */
  readonly whole: Cells;
  /** Of the endpoint of that name: as others left it who have it, else afresh. */
  endpoint(name: string): EndpointMemory;
}

/** What is known of one endpoint. */
export interface EndpointMemory extends Disposable {
  readonly breaker: Cells;
  readonly outlier: Cells;
  readonly load: Cells;
  readonly running: Running;
}

/** Words: `changes` counts changes of who is in. Numbers: when a probe last succeeded, and when comparing is due. */
export const wholeWord = { changes: 0 } as const;
export const wholeNumber = { recoveredMs: 0, nextSweepMs: 1 } as const;
export const wholeCells: CellsSize = { words: 1, numbers: 2 };

/** Memory that nobody else has. */
export function ownClusterMemory(): ClusterMemory {
  return {
    whole: ownCells(wholeCells),
    endpoint: () => ({
      breaker: ownCells(breakerCells),
      outlier: ownCells(outlierCells),
      load: ownCells(loadCells),
      running: ownRunning(),
      [Symbol.dispose]() {},
    }),
    [Symbol.dispose]() {},
  };
}
