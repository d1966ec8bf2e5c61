import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TuskerError } from "../../kernel/index.ts";
import { createMetrics } from "./metrics.ts";

/** An independent reader of the 0.0.4 format: series name with labels → value. */
function read(text: string): Map<string, number> {
  const values = new Map<string, number>();
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const space = line.lastIndexOf(" ");
    values.set(line.slice(0, space), Number(line.slice(space + 1).replace("Inf", "Infinity")));
  }
  return values;
}

test("a counter without labels", () => {
  const metrics = createMetrics();
  const orders = metrics.counter("orders_total", { help: "Orders taken." }).bind();
  orders.add();
  orders.add(2.5);
  assert.match(
    metrics.render(),
    /# HELP orders_total Orders taken\.\n# TYPE orders_total counter\norders_total 3\.5\n/,
  );
});

test("a counter never goes down", () => {
  const metrics = createMetrics();
  const counter = metrics.counter("c_total", { help: "h" }).bind();
  for (const amount of [-1, Number.NaN, Number.POSITIVE_INFINITY, 4]) counter.add(amount);
  assert.equal(read(metrics.render()).get("c_total"), 4);
});

test("a gauge goes both ways", () => {
  const metrics = createMetrics();
  const gauge = metrics.gauge("in_flight", { help: "h", labels: ["route"] }).bind({ route: "/a" });
  gauge.set(5);
  gauge.add(-2);
  assert.equal(read(metrics.render()).get('in_flight{route="/a"}'), 3);
});

test("a gauge of what is gone is shown no more, and its place is free", () => {
  const metrics = createMetrics({ maxSeries: 2 });
  const up = metrics.gauge("up", { help: "h", labels: ["service", "endpoint"] });
  for (let i = 0; i < 10; i++) {
    up.bind({ service: "a", endpoint: `e${i}` }).set(1);
    if (i > 0) up.forget({ endpoint: `e${i - 1}`, service: "a" });
  }
  const shown = [...read(metrics.render())].filter(([name]) => name.startsWith("up"));
  assert.deepEqual(shown, [['up{service="a",endpoint="e9"}', 1]]);
});

test("the same labels are the same series, others are others", () => {
  const metrics = createMetrics();
  const requests = metrics.counter("r_total", { help: "h", labels: ["route", "status"] });
  requests.bind({ route: "/a", status: "200" }).add();
  requests.bind({ status: "200", route: "/a" }).add();
  requests.bind({ route: "/a", status: "500" }).add();
  // Values that run into each other must not be one series.
  requests.bind({ route: "/a200", status: "" }).add();
  const values = read(metrics.render());
  assert.equal(values.get('r_total{route="/a",status="200"}'), 2);
  assert.equal(values.get('r_total{route="/a",status="500"}'), 1);
  assert.equal(values.get('r_total{route="/a200",status=""}'), 1);
});

test("a value on a bound belongs to that bucket, and buckets accumulate", () => {
  const metrics = createMetrics();
  const histogram = metrics
    .histogram("d_seconds", { help: "h", labels: ["r"], buckets: [1, 0.5, 2] })
    .bind({ r: "x" });
  for (const value of [0.1, 0.5, 0.6, 1, 2, 3, Number.NaN]) histogram.record(value);
  const values = read(metrics.render());
  const bucket = (le: string) => values.get(`d_seconds_bucket{r="x",le="${le}"}`);
  assert.deepEqual([bucket("0.5"), bucket("1"), bucket("2"), bucket("+Inf")], [2, 4, 5, 6]);
  assert.equal(values.get('d_seconds_count{r="x"}'), 6);
  assert.ok(Math.abs((values.get('d_seconds_sum{r="x"}') ?? 0) - 7.2) < 1e-9);
});

test("buckets agree with counting by hand for any values and bounds", () => {
  const bounds = fc.uniqueArray(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(bounds, fc.array(fc.integer({ min: -60, max: 60 })), (buckets, values) => {
      const metrics = createMetrics();
      const histogram = metrics.histogram("h", { help: "h", buckets }).bind();
      for (const value of values) histogram.record(value);
      const found = read(metrics.render());
      for (const bound of buckets)
        assert.equal(found.get(`h_bucket{le="${bound}"}`), values.filter((v) => v <= bound).length);
      assert.equal(found.get('h_bucket{le="+Inf"}'), values.length);
    }),
  );
});

test("past the limit of series values land in one series called overflow, and that is counted", () => {
  const metrics = createMetrics({ maxSeries: 3 });
  const counter = metrics.counter("users_total", { help: "h", labels: ["user"] });
  for (let i = 0; i < 10; i++) counter.bind({ user: `u${i}` }).add();
  const values = read(metrics.render());
  assert.equal(values.get('users_total{user="overflow"}'), 7);
  assert.equal([...values.keys()].filter((key) => key.startsWith("users_total")).length, 4);
  assert.equal(values.get("tusker_metrics_overflow_total"), 7);
  counter.bind({ user: "u1" }).add();
  assert.equal(read(metrics.render()).get('users_total{user="u1"}'), 2);
});

test("an observed gauge is asked at each rendering", () => {
  const metrics = createMetrics();
  let value = 1;
  metrics.observe("queue_length", { help: "h" }, () => value);
  assert.equal(read(metrics.render()).get("queue_length"), 1);
  value = 9;
  assert.equal(read(metrics.render()).get("queue_length"), 9);
});

test("what others count stands behind, as it is at each rendering", () => {
  const metrics = createMetrics();
  let count = 1;
  metrics.append(() => `# TYPE other_total counter\nother_total ${count}\n`);
  assert.equal(read(metrics.render()).get("other_total"), 1);
  count = 2;
  metrics.counter("own_total", { help: "h" }).bind().add();
  assert.match(metrics.render(), /own_total 1\n# TYPE other_total counter\nother_total 2\n$/);
});

test("asking again for a metric gives the same, asking differently is refused", () => {
  const metrics = createMetrics();
  metrics
    .counter("x_total", { help: "h", labels: ["a"] })
    .bind({ a: "1" })
    .add();
  metrics
    .counter("x_total", { help: "other words", labels: ["a"] })
    .bind({ a: "1" })
    .add();
  assert.equal(read(metrics.render()).get('x_total{a="1"}'), 2);
  const refused = (run: () => unknown) =>
    assert.throws(run, (error) => error instanceof TuskerError && error.code === "TELEMETRY_METRIC");
  refused(() => metrics.gauge("x_total", { help: "h", labels: ["a"] }));
  refused(() => metrics.counter("x_total", { help: "h", labels: ["b"] }));
  refused(() => metrics.counter("1x", { help: "h" }));
  refused(() => metrics.counter("a-b", { help: "h" }));
  refused(() => metrics.counter("ok", { help: "h", labels: ["__reserved"] }));
  refused(() => metrics.histogram("hist", { help: "h", labels: ["le"] }));
});

test("quotes, backslashes and line ends are escaped, so a label value cannot forge a line", () => {
  const metrics = createMetrics();
  metrics
    .counter("x_total", { help: 'a\\b\nc"d', labels: ["v"] })
    .bind({ v: 'q"\\\n1' })
    .add();
  const text = metrics.render();
  assert.match(text, /# HELP x_total a\\\\b\\nc"d\n/);
  assert.match(text, /x_total\{v="q\\"\\\\\\n1"\} 1\n/);
  assert.ok(text.split("\n").every((line) => line === "" || /^(#|x_total|tusker_)/.test(line)));
});

test("numbers beyond the finite are written as Prometheus reads them", () => {
  const metrics = createMetrics();
  const gauge = metrics.gauge("g", { help: "h", labels: ["n"] });
  gauge.bind({ n: "a" }).set(Number.POSITIVE_INFINITY);
  gauge.bind({ n: "b" }).set(Number.NEGATIVE_INFINITY);
  gauge.bind({ n: "c" }).set(Number.NaN);
  const text = metrics.render();
  assert.match(text, /g\{n="a"\} \+Inf\ng\{n="b"\} -Inf\ng\{n="c"\} NaN\n/);
});

test("any label values come back from the text as they were", () => {
  const text = fc
    .array(fc.constantFrom("a", "\\", '"', "\n", ",", "}", "=", " ", "é"), { maxLength: 8 })
    .map((c) => c.join(""));
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(text, text), { selector: (pair) => JSON.stringify(pair), maxLength: 6 }),
      (pairs) => {
        const metrics = createMetrics();
        const counter = metrics.counter("x_total", { help: "h", labels: ["a", "b"] });
        for (const [i, [a, b]] of pairs.entries()) counter.bind({ a, b }).add(i + 1);
        const found = metrics
          .render()
          .split("\n")
          .filter((line) => line.startsWith("x_total{"))
          .map((line) => {
            const [, a = "", b = "", value] =
              /^x_total\{a="((?:[^"\\]|\\.)*)",b="((?:[^"\\]|\\.)*)"\} (\d+)$/.exec(line) ?? [];
            return [unescaped(a), unescaped(b), Number(value)];
          });
        assert.deepEqual(
          found,
          pairs.map(([a, b], i) => [a, b, i + 1]),
        );
      },
    ),
  );
});

test("a metric nobody has bound yet is not rendered", () => {
  const metrics = createMetrics();
  metrics.counter("unused_total", { help: "h", labels: ["a"] });
  assert.doesNotMatch(metrics.render(), /unused/);
});

test("families keep the order in which they were made", () => {
  const metrics = createMetrics();
  for (const name of ["b", "a", "c"]) metrics.gauge(name, { help: "h" }).bind().set(1);
  const order = [...metrics.render().matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name);
  assert.deepEqual(order.slice(-3), ["b", "a", "c"]);
});

function unescaped(text: string): string {
  return text.replaceAll(/\\(.)/g, (_, char: string) => (char === "n" ? "\n" : char));
}
