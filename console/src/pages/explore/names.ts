// Names of series as people tell them apart. Pure.

/** The last part of a series' name: its metric. */
export function metricOf(series: string): string {
  return series.slice(series.lastIndexOf("/") + 1);
}

/** What distinguishes each topic among the others: shared levels are left out. */
export function distinct(names: readonly string[]): string[] {
  const split = names.map((name) => name.split("/").slice(0, -1));
  const first = split[0] ?? [];
  if (names.length < 2) return [first.slice(-2).join("/") || names[0] || ""];
  const shortest = Math.min(...split.map((levels) => levels.length));
  const same = (at: (levels: string[]) => string | undefined) => split.every((levels) => at(levels) === at(first));
  let head = 0;
  while (head < shortest - 1 && same((levels) => levels[head])) head++;
  let tail = 0;
  while (tail < shortest - 1 - head && same((levels) => levels[levels.length - 1 - tail])) tail++;
  return split.map((levels) => levels.slice(head, levels.length - tail).join("/"));
}

/** A label for each series: what tells it from others of the same metric. */
export function labelsOf(series: readonly string[]): Map<string, string> {
  const groups = new Map<string, string[]>();
  for (const one of series) groups.set(metricOf(one), [...(groups.get(metricOf(one)) ?? []), one]);
  const labels = new Map<string, string>();
  for (const group of groups.values()) {
    const names = distinct(group);
    group.forEach((one, i) => labels.set(one, names[i] ?? one));
  }
  return labels;
}

/** Gives each series a colour slot and keeps it for as long as the series is shown. */
export class Slots {
  private readonly taken = new Map<string, number>();

  of(shown: readonly string[]): Map<string, number> {
    for (const series of this.taken.keys()) if (!shown.includes(series)) this.taken.delete(series);
    for (const series of shown) {
      if (this.taken.has(series)) continue;
      const used = new Set(this.taken.values());
      let slot = 0;
      while (used.has(slot)) slot++;
      this.taken.set(series, slot);
    }
    return new Map(this.taken);
  }
}
