// The way through a stream by pages: a cursor goes forwards only, so that where each
// page began is kept, to come back.

/** Where the pages up to the one in sight began, behind the first. */
export type Trail = readonly string[];

export const forwards = (trail: Trail, next: string): Trail => (trail.at(-1) === next ? trail : [...trail, next]);
export const back = (trail: Trail): Trail => trail.slice(0, -1);

export const beginnings = ["", "-1m", "-10m", "-1h", "-1d"] as const;

const seconds: Record<string, number> = { "-1m": 60, "-10m": 600, "-1h": 3_600, "-1d": 86_400 };

/** The time of a beginning, held fast so that the page does not move on by itself. Empty is the oldest message. */
export function startOf(beginning: string, now: number): string | undefined {
  const ago = seconds[beginning];
  return ago === undefined ? beginning || undefined : new Date(now - ago * 1000).toISOString();
}
