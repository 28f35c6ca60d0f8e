// The samples of one series in memory, as the historian answered them. Times are
// seconds since 1970 UTC, rising. Pure.
import type { RangeSeries } from "../../api/types";
import { decimalsOf } from "../../data/value";

export interface Track {
  series: string;
  /** Numbers are drawn as lines, everything else as lanes. */
  kind: "number" | "state";
  times: number[];
  /** The sample, or the bucket's average; null where it is no number. */
  values: (number | null)[];
  /** Least and greatest of the bucket; the sample itself when raw. */
  low: (number | null)[];
  high: (number | null)[];
  /** How many samples stand behind each entry. */
  counts: number[];
  /** The sample, or the bucket's last one, as text. */
  states: string[];
  /** Decimals that its samples have: averages show no more. */
  decimals: number;
}

const looked = 200;
const mostDecimals = 4;
const digits = (v: unknown) => (typeof v === "number" ? Math.min(mostDecimals, decimalsOf(v)) : 0);

export function toTrack(item: RangeSeries): Track {
  const last = item.last ?? item.values ?? [];
  const raw = item.values?.map((v) => (typeof v === "number" ? v : null));
  const values = raw ?? item.avg ?? [];
  return {
    series: item.series,
    kind: last.some((v) => typeof v === "number") || last.length === 0 ? "number" : "state",
    times: item.times.map((time) => Date.parse(time) / 1000),
    values,
    low: item.min ?? values,
    high: item.max ?? values,
    counts: item.count ?? values.map(() => 1),
    states: last.map((v) => (v === null ? "" : String(v))),
    decimals: last.slice(-looked).reduce<number>((most, v) => Math.max(most, digits(v)), 0),
  };
}

/** The track with everything from a time on replaced by a fresh answer, and what is
 *  older than before left out. */
export function extend(track: Track, fresh: Track, from: number, before: number): Track {
  const start = firstAtOrAfter(track.times, before);
  const end = Math.max(start, firstAtOrAfter(track.times, from));
  const join = <T>(old: readonly T[], more: readonly T[]): T[] => [...old.slice(start, end), ...more];
  return {
    series: track.series,
    kind: fresh.times.length > 0 ? fresh.kind : track.kind,
    times: join(track.times, fresh.times),
    values: join(track.values, fresh.values),
    low: join(track.low, fresh.low),
    high: join(track.high, fresh.high),
    counts: join(track.counts, fresh.counts),
    states: join(track.states, fresh.states),
    decimals: Math.max(track.decimals, fresh.decimals),
  };
}

/** Index of the first time that is not before t. */
export function firstAtOrAfter(times: readonly number[], t: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) < t) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the entry that holds at a time: the last one not after it; -1 for none. */
export function heldAt(track: Track, t: number): number {
  const next = firstAtOrAfter(track.times, t);
  return track.times[next] === t ? next : next - 1;
}

/** Seconds without a sample beyond which a line breaks: gaps stay gaps. */
export function gapOf(times: readonly number[], bucket: number): number {
  const steps: number[] = [];
  const stride = Math.max(1, Math.floor(times.length / 500));
  for (let i = stride; i < times.length; i += stride) steps.push((times[i] ?? 0) - (times[i - 1] ?? 0));
  steps.sort((a, b) => a - b);
  const usual = steps[Math.floor(steps.length / 2)] ?? 0;
  return Math.max(usual * 5, bucket * 3, 1);
}
