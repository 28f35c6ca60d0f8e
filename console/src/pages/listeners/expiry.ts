import type { Condition } from "../../kit/Glyph";

const day = 86_400_000;

/** How urgent a certificate's renewal is: within 30 days, within 7, or too late. */
export function expiryOf(notAfter: string, now: number): { condition: Condition; days: number } {
  const days = Math.floor((Date.parse(notAfter) - now) / day);
  if (days < 0) return { condition: "p1", days };
  if (days < 7) return { condition: "p2", days };
  return { condition: days < 30 ? "p3" : "run", days };
}
