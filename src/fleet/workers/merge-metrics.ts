/**
 * The metrics of several threads as those of one process: series of the same name and labels are added up, but for
 * states, of which the worst counts.
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
        family = families.get(name) ?? { head: [], series: new Map(), worst: name.endsWith("_state") };
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

interface Family {
  readonly head: string[];
  readonly series: Map<string, number>;
  /** The largest value counts, not the sum. */
  readonly worst: boolean;
}

function addTo({ series, worst }: Family, line: string): void {
  // A label value may hold blanks; the number stands behind the last one.
  const at = line.lastIndexOf(" ");
  const name = line.slice(0, at);
  const value = Number(line.slice(at + 1).replace("Inf", "Infinity"));
  const before = series.get(name);
  if (before === undefined) series.set(name, value);
  else series.set(name, worst ? Math.max(before, value) : before + value);
}
