import type { StreamReader } from "../../api/streams";
import type { StreamStatus } from "../../api/types";
import type { Condition } from "../../kit/Glyph";

/** Worst first: messages are refused; some could not be read; it takes messages; none come. */
export function conditionOf(s: StreamStatus): Condition {
  if (s.refusing) return "p1";
  if (s.damaged > 0) return "p2";
  return s.appendedRate > 0.05 ? "run" : "wait";
}

/** The reader that is furthest behind, of those that have not all. */
export function slowest(readers: readonly StreamReader[]): StreamReader | undefined {
  return readers.filter((one) => one.behind > 0).toSorted((a, b) => b.lag - a.lag || b.behind - a.behind)[0];
}

/** Whether the stream may be changed and deleted from here. */
export const isMade = (s: StreamStatus): boolean => s.origin === "made";
