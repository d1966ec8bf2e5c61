import { TuskerError } from "../../kernel/index.ts";
import { dropSeries, type Family, type FamilyType, type Labels, series } from "./series.ts";
import { renderFamilies } from "./text.ts";

/** Only goes up. */
export interface Counter {
  /** @param amount 0 or more, default 1; anything else is ignored */
  add(amount?: number): void;
}

/** Goes both ways. */
export interface Gauge {
  set(value: number): void;
  add(amount: number): void;
}

/** Counts values by size. */
export interface Histogram {
  record(value: number): void;
}

/** One metric; `bind` gives the series of one set of label values. Bind once where a route is built, not per request. */
export interface Metric<Instrument, Label extends string> {
  bind(...labels: [Label] extends [never] ? [] : [labels: Readonly<Record<Label, string>>]): Instrument;
}

/** A metric of things that come and go: of what is gone nothing is shown, and its place is free for others. */
export interface Forgetful<Label extends string> {
  /** Takes the series of these label values out. What was bound before counts no more. */
  forget(labels: Readonly<Record<Label, string>>): void;
}

export interface MetricOptions<Label extends string> {
  /** One sentence, with the unit. */
  readonly help: string;
  /** Names of labels; their values must come from a small set. */
  readonly labels?: readonly Label[];
}

/** All metrics of one process. Asking again for the same name gives the same metric. */
export interface Metrics {
  /** @throws TuskerError TELEMETRY_METRIC when the name is malformed or taken by another type or other labels */
  counter<const Label extends string = never>(
    name: string,
    options: MetricOptions<Label>,
  ): Metric<Counter, Label>;
  /** As `counter`. */
  gauge<const Label extends string = never>(
    name: string,
    options: MetricOptions<Label>,
  ): Metric<Gauge, Label> & Forgetful<Label>;
  /** As `counter`. @param options.buckets upper bounds, ascending; default `secondsBuckets` */
  histogram<const Label extends string = never>(
    name: string,
    options: MetricOptions<Label> & { readonly buckets?: readonly number[] },
  ): Metric<Histogram, Label>;
  /** A gauge that is asked when somebody looks. */
  observe(name: string, options: { readonly help: string }, read: () => number): void;
  /** Called before each rendering, to set gauges of what is known elsewhere. */
  refresh(write: () => void): void;
  /** Metrics that somebody else counts, in the same format, behind ours at each rendering. */
  append(read: () => string): void;
  /** Prometheus text exposition format 0.0.4, families in the order they were made. */
  render(): string;
}

/** Media type of `Metrics.render`. */
export const metricsMediaType = "text/plain; version=0.0.4; charset=utf-8";

/** Bounds in seconds that OpenTelemetry advises for the duration of HTTP requests. */
export const secondsBuckets: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];

const nameShape = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const labelShape = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/;

/**
 * Makes an empty set of metrics.
 *
 * @param options.maxSeries per metric, default 2,000; further label values share one series whose labels all say
 * `overflow`, and `tusker_metrics_overflow_total` counts how often that happened
 * @example const requests = metrics.counter("shop_orders_total", { help: "Orders taken." }).bind();
 */
export function createMetrics(options: { readonly maxSeries?: number } = {}): Metrics {
  const families = new Map<string, Family>();
  const maxSeries = options.maxSeries ?? 2000;
  const writers: (() => void)[] = [];
  const others: (() => string)[] = [];
  let overflows = 0;
  const family = (type: FamilyType, name: string, shape: FamilyShape): Family => {
    const known = families.get(name);
    if (known !== undefined) return same(known, type, shape.labels ?? []);
    const made = familyOf(type, name, shape);
    families.set(name, made);
    return made;
  };
  const bind = (of: Family, labels: Labels | undefined) =>
    series(of, labels ?? {}, maxSeries, () => {
      overflows++;
    });
  const metrics: Metrics = {
    counter(name, shape) {
      const made = family("counter", name, shape);
      return { bind: (labels?: Labels) => counterOf(bind(made, labels)) };
    },
    gauge(name, shape) {
      const made = family("gauge", name, shape);
      return {
        bind: (labels?: Labels) => gaugeOf(bind(made, labels)),
        forget: (labels: Labels) => dropSeries(made, labels),
      };
    },
    histogram(name, shape) {
      const made = family("histogram", name, { buckets: secondsBuckets, ...shape });
      return { bind: (labels?: Labels) => histogramOf(made, bind(made, labels)) };
    },
    observe(name, shape, read) {
      family("gauge", name, shape).read = read;
    },
    refresh(write) {
      writers.push(write);
    },
    append(read) {
      others.push(read);
    },
    render() {
      for (const write of writers) write();
      return renderFamilies(families.values()) + others.map((read) => read()).join("");
    },
  };
  const help = "Times a metric had more label values than it may keep.";
  family("counter", "tusker_metrics_overflow_total", { help }).read = () => overflows;
  return metrics;
}

interface FamilyShape {
  readonly help: string;
  readonly labels?: readonly string[];
  readonly buckets?: readonly number[];
}

function familyOf(type: FamilyType, name: string, shape: FamilyShape): Family {
  const labels = shape.labels ?? [];
  const wrong = [name].filter((n) => !nameShape.test(n)).concat(labels.filter((l) => !labelShape.test(l)));
  if (wrong.length > 0 || (type === "histogram" && labels.includes("le"))) {
    throw new TuskerError(
      "TELEMETRY_METRIC",
      `metric "${name}" or its label "${wrong[0] ?? "le"}" has a name Prometheus refuses; use letters, digits and underscores`,
      { details: { metric: name } },
    );
  }
  const buckets = [...(shape.buckets ?? [])].sort((a, b) => a - b).filter(Number.isFinite);
  return { type, name, help: shape.help, labels, buckets, series: new Map(), read: undefined };
}

function same(known: Family, type: FamilyType, labels: readonly string[]): Family {
  if (known.type === type && known.labels.join() === labels.join()) return known;
  throw new TuskerError(
    "TELEMETRY_METRIC",
    `metric "${known.name}" exists already as ${known.type} with labels [${known.labels.join(", ")}]; asked for ${type} with [${labels.join(", ")}]`,
    { details: { metric: known.name } },
  );
}

function counterOf(of: { value: number }): Counter {
  return {
    add(amount = 1) {
      if (amount >= 0 && amount < Number.POSITIVE_INFINITY) of.value += amount;
    },
  };
}

function gaugeOf(of: { value: number }): Gauge {
  return {
    set(value) {
      of.value = value;
    },
    add(amount) {
      of.value += amount;
    },
  };
}

function histogramOf(family: Family, of: { value: number; sum: number; counts: number[] }): Histogram {
  const { buckets } = family;
  return {
    record(value) {
      if (Number.isNaN(value)) return;
      let low = 0;
      let high = buckets.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (value <= (buckets[middle] ?? Number.POSITIVE_INFINITY)) high = middle;
        else low = middle + 1;
      }
      of.counts[low] = (of.counts[low] ?? 0) + 1;
      of.sum += value;
      of.value++;
    },
  };
}
