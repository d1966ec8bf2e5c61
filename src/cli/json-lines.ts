const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** One object or list that is open; `name` is that of the member that is being read. */
interface Open {
  readonly list: boolean;
  name: string | undefined;
}

/**
 * On which line each member of a JSON object stands: by its names from the outside in, joined by slashes. What is in a
 * list is part of the member that has the list.
 *
 * @param text that was parsed before, so that it is JSON
 */
export function memberLines(text: string): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  const open: Open[] = [];
  let line = 1;
  let read = 0;
  for (const { 0: piece, index } of text.matchAll(token)) {
    line += text.slice(read, index).split("\n").length - 1;
    read = index;
    const inner = open.at(-1);
    if (piece === "{" || piece === "[") open.push({ list: piece === "[", name: undefined });
    else if (piece === "}" || piece === "]") open.pop();
    else if (piece === "," && inner !== undefined) inner.name = undefined;
    else if (inner !== undefined && inner.name === undefined && !inner.list && piece.startsWith('"')) {
      inner.name = String(JSON.parse(piece));
      if (!open.some(({ list }) => list)) lines.set(open.map(({ name }) => name).join("/"), line);
    }
  }
  return lines;
}
