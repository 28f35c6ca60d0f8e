// Statistics of a track between two times. With buckets, every figure is weighted
// with the samples behind it; the spread is then that of the averages. Pure.
import { firstAtOrAfter, type Track } from "./track";

export interface Stats {
  min: number;
  mean: number;
  max: number;
  sigma: number;
  /** Last value less the first. */
  change: number;
  samples: number;
}

export function statsOf(track: Track, from: number, to: number): Stats | null {
  const start = firstAtOrAfter(track.times, from);
  const end = firstAtOrAfter(track.times, to);
  let [min, max, sum, squares, samples] = [Infinity, -Infinity, 0, 0, 0];
  let first: number | undefined;
  let last = 0;
  for (let i = start; i < end; i++) {
    const value = track.values[i];
    if (value === null || value === undefined) continue;
    const n = track.counts[i] ?? 1;
    first ??= value;
    last = value;
    min = Math.min(min, track.low[i] ?? value);
    max = Math.max(max, track.high[i] ?? value);
    // Sums of differences from the first value: large numbers keep their digits.
    const d = value - first;
    sum += d * n;
    squares += d * d * n;
    samples += n;
  }
  if (first === undefined || samples === 0) return null;
  const mean = sum / samples;
  const sigma = Math.sqrt(Math.max(0, squares / samples - mean * mean));
  return { min, mean: first + mean, max, sigma, change: last - first, samples };
}
