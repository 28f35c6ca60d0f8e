// The path of a sparkline, as text for a d attribute: rows write it straight into
// the page, twice a second, without React.

export interface SparkLine {
  d: string;
  /** Where the newest value lies. */
  x: number;
  y: number;
}

export function sparkLine(values: readonly number[], width: number, height: number): SparkLine | null {
  const known = values.filter(Number.isFinite);
  if (known.length < 2) return null;
  const low = Math.min(...known);
  const range = Math.max(...known) - low;
  const inset = 3;
  const step = (width - 2 * inset) / (values.length - 1);
  const y = (v: number) => (range === 0 ? height / 2 : height - inset - ((v - low) / range) * (height - 2 * inset));
  let d = "";
  let pen = false;
  let last = { x: 0, y: 0 };
  values.forEach((v, i) => {
    if (!Number.isFinite(v)) {
      pen = false;
      return;
    }
    last = { x: inset + i * step, y: y(v) };
    d += `${pen ? "L" : "M"}${last.x.toFixed(1)} ${last.y.toFixed(1)}`;
    pen = true;
  });
  return { d, ...last };
}
