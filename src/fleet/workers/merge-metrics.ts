/**
 * The metrics of several threads as those of one process: series of the same name and labels are added up, but for
 * states, of which the worst counts, and what every thread sees of the same thing.
 *
 * @param texts in Prometheus text format, as `Metrics.render` writes it
 */
export function mergeMetrics(texts: readonly string[]): string {
  const families = new Map<string, Family>();
  for (const text of texts) {
    let family: Family | undefined;
    for (const line of text.split("\n")) {
      if (line === "") continue;
      if (line.startsWith("# HELP ")) {
        const name = line.split(" ", 3)[2] ?? "";
        family = families.get(name) ?? { head: [], series: new Map(), merge: mergeOf(name) };
        families.set(name, family);
      }
      if (family === undefined) continue;
      if (line.startsWith("#")) {
        if (family.head.length < 2) family.head.push(line);
      } else addTo(family, line);
    }
  }
  return [...families.values()]
    .flatMap(({ head, series }) => [...head, ...[...series].map(([name, value]) => `${name} ${value}`)])
    .map((line) => `${line}\n`)
    .join("");
}

/** Of metrics in the same format those that only ever grow: counters and histograms. */
export function growing(text: string): string {
  const families = text.split(/^(?=# HELP )/m);
  return families.filter((family) => /^# TYPE \S+ (?:counter|histogram)$/m.test(family)).join("");
}

interface Family {
  readonly head: string[];
  readonly series: Map<string, number>;
  readonly merge: (one: number, other: number) => number;
}

/** A breaker's state and a clock that was set: the largest. What checks say: down when one thread finds it so. */
function mergeOf(name: string): Family["merge"] {
  if (/_(?:state|clock_jumps)$/.test(name)) return Math.max;
  if (name.endsWith("_up")) return Math.min;
  return (one, other) => one + other;
}

function addTo({ series, merge }: Family, line: string): void {
  // A label value may hold blanks; the number stands behind the last one.
  const at = line.lastIndexOf(" ");
  const name = line.slice(0, at);
  const value = Number(line.slice(at + 1).replace("Inf", "Infinity"));
  const before = series.get(name);
  if (before === undefined) series.set(name, value);
  else series.set(name, merge(before, value));
}
