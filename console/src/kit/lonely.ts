/** Where samples stand alone, from one index to another: no line leads to them or from them.
 *  A gap is null; no sample at a time is undefined, and joins its neighbours. */
export function lonely(values: ArrayLike<number | null | undefined>, from: number, to: number): number[] {
  const found: number[] = [];
  let [before, last] = [null as number | null | undefined, -1];
  for (let i = from; i <= to; i++) {
    const value = values[i];
    if (value === undefined) continue;
    // The value at last is alone if a gap is before it, and one comes now.
    if (value === null && last >= 0 && before === null) found.push(last);
    before = last >= 0 && value !== null ? values[last] : null;
    last = value === null ? -1 : i;
  }
  if (last >= 0 && before === null) found.push(last);
  return found;
}
