// Tracks with times of their own, merged to one rising list of times as uPlot wants
// it. No sample at a time is undefined; a gap is null, so that the line breaks.
import { gapOf, type Track } from "./track";

export type Column = (number | null | undefined)[];
export type Aligned = [number[], ...Column[]];

export function align(tracks: readonly Track[], bucket: number): Aligned {
  const times: number[] = [];
  const columns = tracks.map((): Column => []);
  const next = tracks.map(() => 0);
  const gaps = tracks.map((track) => gapOf(track.times, bucket));
  for (;;) {
    let time = Number.POSITIVE_INFINITY;
    tracks.forEach((track, i) => {
      time = Math.min(time, track.times[next[i] ?? 0] ?? Number.POSITIVE_INFINITY);
    });
    if (time === Number.POSITIVE_INFINITY) return [times, ...columns];
    breakLines(tracks, columns, times, next, gaps, time);
    const at = times.push(time) - 1;
    tracks.forEach((track, i) => {
      const mine = next[i] ?? 0;
      const column = columns[i] as Column;
      if (track.times[mine] !== time) column[at] = undefined;
      else {
        column[at] = track.values[mine] ?? null;
        next[i] = mine + 1;
      }
    });
  }
}

// Puts a null right behind a track's last sample when its next one comes too late.
function breakLines(
  tracks: readonly Track[],
  columns: readonly Column[],
  times: number[],
  next: readonly number[],
  gaps: readonly number[],
  time: number,
) {
  const broken = tracks.map((track, i) => {
    const mine = next[i] ?? 0;
    const before = track.times[mine - 1];
    return track.times[mine] === time && before !== undefined && time - before > (gaps[i] ?? 0);
  });
  if (!broken.includes(true)) return;
  const last = times.at(-1) ?? time;
  const at = times.push((last + time) / 2) - 1;
  columns.forEach((column, i) => {
    column[at] = broken[i] ? null : undefined;
  });
}
