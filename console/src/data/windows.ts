// Lengths of time that people choose, and the bucket that suits each. Seconds.

const widths = [
  0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400,
];

/** The narrowest round bucket that needs at most so many points. */
export function bucketFor(seconds: number, points: number): number {
  return widths.find((width) => seconds / width <= points) ?? 86_400;
}

/** The windows of Explore. */
export const exploreWindows = [60, 300, 900, 3_600, 21_600, 86_400, 604_800];

/** Up to this window Explore reads raw samples. */
export const rawUpTo = 60;

/** How Explore reads a window: raw (0) or in buckets. */
export function exploreBucket(seconds: number): number {
  return seconds <= rawUpTo ? 0 : bucketFor(seconds, 720);
}
