import type { StreamPurge } from "../../api/streams";
import { parseAge } from "./amounts";

export const whats = ["older", "upTo", "all"] as const;
export type What = (typeof whats)[number];

/** What the node is asked; null while it is not said what is to go. */
export function purgeOrder(what: What, age: string, upTo: string, force: boolean): StreamPurge | null {
  const seconds = parseAge(age);
  if (what === "all") return { all: true, force };
  if (what === "upTo") return upTo ? { upTo, force } : null;
  return seconds === undefined ? null : { before: `-${seconds}s`, force };
}
