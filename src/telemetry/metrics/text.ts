import type { Family, Series } from "./series.ts";

/** Prometheus text exposition format 0.0.4. */
export function renderFamilies(families: Iterable<Family>): string {
  let text = "";
  for (const family of families) {
    if (family.read === undefined && family.series.size === 0) continue;
    text += `# HELP ${family.name} ${escapeHelp(family.help)}\n# TYPE ${family.name} ${family.type}\n`;
    if (family.read !== undefined) text += `${family.name} ${numberText(family.read())}\n`;
    else for (const one of family.series.values()) text += seriesText(family, one);
  }
  return text;
}

function seriesText(family: Family, one: Series): string {
  const labels = family.labels.map((name, i) => `${name}="${escapeLabel(one.labels[i] ?? "")}"`);
  if (family.type !== "histogram") return `${family.name}${block(labels)} ${numberText(one.value)}\n`;
  let text = "";
  let below = 0;
  for (const [i, bound] of [...family.buckets, Number.POSITIVE_INFINITY].entries()) {
    below += one.counts[i] ?? 0;
    text += `${family.name}_bucket${block([...labels, `le="${numberText(bound)}"`])} ${below}\n`;
  }
  return `${text}${family.name}_sum${block(labels)} ${numberText(one.sum)}\n${family.name}_count${block(labels)} ${one.value}\n`;
}

function block(labels: readonly string[]): string {
  return labels.length === 0 ? "" : `{${labels.join(",")}}`;
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  if (value === Number.NEGATIVE_INFINITY) return "-Inf";
  return String(value);
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
