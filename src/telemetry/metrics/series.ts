export type FamilyType = "counter" | "gauge" | "histogram";
export type Labels = Readonly<Record<string, string>>;

/** One metric with all of its series. */
export interface Family {
  readonly type: FamilyType;
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  /** Ascending finite upper bounds of a histogram. */
  readonly buckets: readonly number[];
  readonly series: Map<string, Series>;
  /** Asked at render time in place of series, for metrics that are observed. */
  read: (() => number) | undefined;
}

/** Numbers of one set of label values. */
export interface Series {
  readonly labels: readonly string[];
  /** Counter and gauge: the value. Histogram: how many values were recorded. */
  value: number;
  /** Histogram: the sum of all values. */
  sum: number;
  /** Histogram: values per bucket, not accumulated; the last one is beyond every bound. */
  readonly counts: number[];
}

/** The series of these label values; past the limit, the one shared series in which every label says `overflow`. */
export function series(family: Family, labels: Labels, maxSeries: number, onOverflow: () => void): Series {
  const values = family.labels.map((name) => labels[name] ?? "");
  const known = family.series.get(keyOf(values));
  if (known !== undefined) return known;
  if (family.series.size < maxSeries) return added(family, values);
  onOverflow();
  const overflow = family.labels.map(() => "overflow");
  return family.series.get(keyOf(overflow)) ?? added(family, overflow);
}

/** Takes a series out; nothing is said of these label values any more. */
export function dropSeries(family: Family, labels: Labels): void {
  family.series.delete(keyOf(family.labels.map((name) => labels[name] ?? "")));
}

function added(family: Family, labels: readonly string[]): Series {
  const made: Series = { labels, value: 0, sum: 0, counts: new Array(family.buckets.length + 1).fill(0) };
  family.series.set(keyOf(labels), made);
  return made;
}

/** No two lists of values share a key: the length in front says where a value ends. */
function keyOf(values: readonly string[]): string {
  return values.length === 1 ? (values[0] ?? "") : values.map((value) => `${value.length}:${value}`).join("");
}
