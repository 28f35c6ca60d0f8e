// What a shared subscription is called, and how it stands.
import type { Shared } from "../../api/broker";
import type { Condition } from "../../kit/Glyph";

/** The filter as its members subscribed to it. */
export const nameOf = (g: Shared) => `$share/${g.share}/${g.filter}`;

/** Losses are marked; then that messages wait and nobody is there to take them. */
export function conditionOf(g: Shared): Condition {
  if (g.lost > 0) return "p3";
  if (g.connected > 0) return "run";
  return g.waiting > 0 ? "wait" : "off";
}
