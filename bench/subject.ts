/** What is measured: an operation of ours, and the same done by others in the same run. */
export interface Case {
  readonly name: string;
  readonly ours: () => unknown;
  /** By name; none where nobody else does the same. */
  readonly peers: Readonly<Record<string, () => unknown>>;
}

/** What one operation cost: the least CPU of several rounds, which other processes disturb least. */
export interface Cost {
  readonly case: string;
  readonly oursMicros: number;
  readonly peersMicros: Readonly<Record<string, number>>;
}

const rounds = 7;
const roundMicros = 60_000;

/** Measures all of them by turns, so that a slow moment of the machine falls on everybody. */
export function measureCase({ name, ours, peers }: Case): Cost {
  const runs = Object.entries({ ours, ...peers }).map(([who, run]) => ({
    who,
    run,
    count: calibrate(run),
    micros: Number.POSITIVE_INFINITY,
  }));
  for (let round = 0; round < rounds; round++)
    for (const one of runs) one.micros = Math.min(one.micros, cpuMicros(one.run, one.count) / one.count);
  const { ours: oursMicros = 0, ...peersMicros } = Object.fromEntries(
    runs.map(({ who, micros }) => [who, micros]),
  );
  return { case: name, oursMicros, peersMicros };
}

/** How often it runs in a round of 60 ms. Warms it up on the way. */
function calibrate(run: () => unknown): number {
  let count = 1;
  let micros = cpuMicros(run, count);
  while (micros < roundMicros / 4) {
    count *= 2;
    micros = cpuMicros(run, count);
  }
  return Math.max(1, Math.round((count * roundMicros) / micros));
}

/** Microseconds of CPU, user and system, of `count` runs. */
function cpuMicros(run: () => unknown, count: number): number {
  const before = process.cpuUsage();
  for (let i = 0; i < count; i++) run();
  const { user, system } = process.cpuUsage(before);
  return Math.max(1, user + system);
}
