/** How two rows stand to each other: below 0, 0 for the same place, above 0. */
export type Order<Row> = (a: Row, b: Row) => number;

/** Puts a row where it belongs, in place of the one that stands there already. */
export function putOrdered<Row>(rows: Row[], row: Row, order: Order<Row>): void {
  const at = placeOf(rows, row, order);
  const there = rows[at];
  rows.splice(at, there !== undefined && order(there, row) === 0 ? 1 : 0, row);
}

/** Takes the row out that stands where this one would. */
export function dropOrdered<Row>(rows: Row[], row: Row, order: Order<Row>): void {
  const at = placeOf(rows, row, order);
  const there = rows[at];
  if (there !== undefined && order(there, row) === 0) rows.splice(at, 1);
}

/** Order of texts by their code units. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Where a row is, or would be. */
function placeOf<Row>(rows: readonly Row[], row: Row, order: Order<Row>): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const there = rows[middle];
    if (there !== undefined && order(there, row) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
