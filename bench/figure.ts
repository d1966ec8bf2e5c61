/** One figure of a bench that is no single operation: a share, a time, a load, in its own unit. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  /** Shown behind the value: "%", "ms", "µs CPU". */
  readonly unit: string;
  /** The same figure of others in the same run, by name. */
  readonly peers?: Readonly<Record<string, number>>;
}

/** What a figure promises, as it stands in `bench/budgets.json`. */
export interface FigureBudget {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  /** Our value divided by that of the named peer; a peer that is not there misses. */
  readonly maxRatio: Readonly<Record<string, number>>;
  readonly minRatio: Readonly<Record<string, number>>;
}

/** How a figure misses its budget, one sentence each. A figure without a budget misses too: nobody guards it. */
export function figureMisses(figure: Figure, budget: FigureBudget | undefined): string[] {
  if (budget === undefined) return [`${figure.name}: has no budget in bench/budgets.json`];
  const { name, value, unit } = figure;
  const missed: string[] = [];
  // Written so that a value that is no number misses.
  if (budget.min !== undefined && !(value >= budget.min))
    missed.push(`${name}: ${shown(value)} ${unit}, the budget is ${budget.min} or more`);
  if (budget.max !== undefined && !(value <= budget.max))
    missed.push(`${name}: ${shown(value)} ${unit}, the budget is ${budget.max} or less`);
  for (const [peer, limit] of Object.entries(budget.maxRatio)) {
    const ratio = value / (figure.peers?.[peer] ?? Number.NaN);
    if (!(ratio <= limit)) missed.push(`${name}: ${ratio.toFixed(2)} of ${peer}, the budget is ${limit}`);
  }
  for (const [peer, limit] of Object.entries(budget.minRatio)) {
    const ratio = value / (figure.peers?.[peer] ?? Number.NaN);
    if (!(ratio >= limit))
      missed.push(`${name}: ${ratio.toFixed(2)} of ${peer}, the budget is ${limit} or more`);
  }
  return missed;
}

/** A figure as one line, its bar and its peers behind it. */
export function figureLine({ name, value, unit, peers = {} }: Figure, budget?: FigureBudget): string {
  const beside = Object.entries(peers).map(
    ([peer, other]) =>
      `${peer} ${shown(other)}${value > 0 && other > 0 ? ` (ratio ${(value / other).toFixed(2)})` : ""}`,
  );
  const own = `${name.padEnd(58)}${shown(value).padStart(10)} ${unit.padEnd(8)} ${barOf(budget).padEnd(11)}`;
  return beside.length === 0 ? own.trimEnd() : `${own} ${beside.join(", ")}`;
}

/** The bar a figure is held to, as it stands behind the figure: "bar ≥ 99.9", "bar ≤ 0.3 of caddy"; empty without one. */
export function barOf(budget: Partial<FigureBudget> | undefined): string {
  const bars = [
    ...(budget?.min === undefined ? [] : [`≥ ${budget.min}`]),
    ...(budget?.max === undefined ? [] : [`≤ ${budget.max}`]),
    ...Object.entries(budget?.minRatio ?? {}).map(([peer, limit]) => `≥ ${limit} of ${peer}`),
    ...Object.entries(budget?.maxRatio ?? {}).map(([peer, limit]) => `≤ ${limit} of ${peer}`),
  ];
  return bars.length === 0 ? "" : `bar ${bars.join(", ")}`;
}

function shown(value: number): string {
  if (!Number.isFinite(value)) return "none";
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) < 10 ? value.toFixed(3) : value.toFixed(Math.abs(value) < 1000 ? 2 : 0);
}
