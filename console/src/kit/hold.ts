// Rows hold still: an answer in a new order changes values in place, and the order
// waits until the user asks for it.

export interface Held<Row> {
  rows: Row[];
  /** Keys of rows that the newest answer no longer has. */
  gone: ReadonlySet<string>;
  /** How many rows are not where the newest answer has them. */
  changes: number;
}

/** Puts the values of an answer into the rows on screen; new rows go to the end. */
export function hold<Row>(before: readonly Row[], answer: readonly Row[], keyOf: (row: Row) => string): Held<Row> {
  const fresh = new Map(answer.map((row) => [keyOf(row), row]));
  const known = new Set(before.map(keyOf));
  const rows = before.map((row) => fresh.get(keyOf(row)) ?? row);
  rows.push(...answer.filter((row) => !known.has(keyOf(row))));
  const gone = new Set([...known].filter((key) => !fresh.has(key)));
  const changes = answer.filter((row, at) => !rows[at] || keyOf(rows[at] as Row) !== keyOf(row)).length;
  return { rows, gone, changes: Math.max(changes, gone.size) };
}
