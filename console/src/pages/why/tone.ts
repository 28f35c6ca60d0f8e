import type { Condition } from "../../kit/Glyph";

const fine = new Set(["acknowledged", "sent"]);
const bad = new Set(["dropped", "refused"]);

/** How an outcome is marked: a result, a loss, or neither. */
export function toneOf(outcome: string): Condition {
  if (fine.has(outcome)) return "ok";
  return bad.has(outcome) ? "p3" : "off";
}
