import { asRelated, type Diagnostic } from "../../../tsk/index.ts";

/** Longer files are not read again: each try costs as much as the first reading. */
const longest = 64 * 1024;
/** Problems around which lines are tried. */
const most = 3;

/**
 * Diagnostics of a file, of which those that are gone when two lines of it change places are one: a line that was moved across
 * a bracket or a header, and all that stands in the wrong map now.
 *
 * @param judge finds the diagnostics of the file with another text
 */
export function withoutSwapped(
  all: readonly Diagnostic[],
  { file, text }: { readonly file: string; readonly text: string },
  judge: (text: string) => readonly Diagnostic[],
): readonly Diagnostic[] {
  if (all.length < 2 || text.length > longest) return all;
  const lines = text.split("\n");
  for (const at of swapsNear(all, file, lines)) {
    const swapped = lines.toSpliced(at, 2, lines[at + 1] ?? "", lines[at] ?? "");
    const left = judge(swapped.join("\n"));
    const still = new Set(left.map(keyOf));
    const gone = all.filter((one) => !still.has(keyOf(one)));
    if (gone.length < 2 || left.length !== all.length - gone.length) continue;
    const distance = ({ line }: Diagnostic): number => Math.abs(line - at - 1.5);
    const told = gone.reduce((near, one) => (distance(one) < distance(near) ? one : near));
    const others = gone.filter((one) => one !== told).map(asRelated);
    const help = told.help ?? `lines ${at + 1} and ${at + 2} seem to have changed places`;
    return all.flatMap((one) => {
      if (one === told) return [{ ...one, help, related: [...(one.related ?? []), ...others] }];
      return gone.includes(one) ? [] : [one];
    });
  }
  return all;
}

/** Lines (from 0) near problems that may have changed places with the next one: one of both opens or closes something. */
function swapsNear(all: readonly Diagnostic[], file: string, lines: readonly string[]): readonly number[] {
  const near = all.filter((one) => one.file === file).slice(0, most);
  const around = near.flatMap(({ line }) => [line - 1, line - 2, line - 3]);
  return [...new Set(around)].filter(
    (at) => at >= 0 && at + 1 < lines.length && (isEdge(lines[at]) || isEdge(lines[at + 1])),
  );
}

function isEdge(line = ""): boolean {
  return /[{[(]\s*(?:#.*)?$|^\s*[}\])]|^\[/.test(line);
}

function keyOf({ code, message }: Diagnostic): string {
  return `${code} ${message}`;
}
