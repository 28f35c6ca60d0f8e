/** Averages rows over equal steps of time, so that a bar is wide enough to see. */
export function thin(
  times: readonly number[],
  rows: readonly (readonly number[])[],
  [from, to]: readonly [number, number],
  bars: number,
): { times: number[]; rows: number[][] } {
  const step = (to - from) / bars;
  const sums = rows.map(() => new Array<number>(bars).fill(0));
  const counts = new Array<number>(bars).fill(0);
  times.forEach((time, i) => {
    const bar = Math.min(bars - 1, Math.floor((time - from) / step));
    if (bar < 0) return;
    counts[bar] = (counts[bar] ?? 0) + 1;
    rows.forEach((row, r) => {
      const sum = sums[r];
      if (sum) sum[bar] = (sum[bar] ?? 0) + (row[i] ?? 0);
    });
  });
  return {
    times: counts.map((_, bar) => from + bar * step),
    rows: sums.map((row) => row.map((sum, bar) => sum / Math.max(1, counts[bar] ?? 1))),
  };
}
