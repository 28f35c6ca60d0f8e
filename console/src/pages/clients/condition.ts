// What is wrong with a client, if anything. Pure: a client and the time in.
import type { Client, ClientDetail } from "../../api/broker";
import type { Condition } from "../../kit/Glyph";

/** How long a client's last error counts, in ms. */
export const recent = 10 * 60_000;

const losing = new Set(["queue_full", "queue_full_oldest", "queue_full_qos0", "queue_full_disconnect", "queue_memory", "retention", "slow_reader", "memory_guard"]);

/** The glyph of a client: normal is quiet. */
export function conditionOf(c: Client, now: number): Condition {
  if (!c.connected) return "off";
  if (c.limited) return "p3";
  const fresh = c.lastError && now - Date.parse(c.lastError.at) < recent;
  if (!fresh) return "run";
  return losing.has(c.lastError?.reason ?? "") ? "p3" : "p4";
}

export type Why = "limited" | "queueFull" | "windowFull" | "losing" | "waiting";

/** Why a client is behind or loses messages, worst first; null when it does neither. */
export function whyOf(c: ClientDetail, now: number): Why | null {
  const out = c.flights.filter((one) => one.direction === "out").length;
  const fresh = c.lastError && now - Date.parse(c.lastError.at) < recent;
  if (!c.limits.log && c.queued > 0 && c.limits.queue > 0 && c.queued >= c.limits.queue) return "queueFull";
  if (fresh && losing.has(c.lastError?.reason ?? "")) return "losing";
  if (c.limited) return "limited";
  if (c.connected && c.queued > 0 && Math.max(out, c.inflight) >= c.limits.clientReceiveMaximum) return "windowFull";
  if (!c.connected && c.queued > 0) return "waiting";
  return null;
}

/** Messages that wait, counted by topic, most first. */
export function byTopic(queue: ClientDetail["queue"]): { topic: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const one of queue) counts.set(one.topic, (counts.get(one.topic) ?? 0) + 1);
  return [...counts].map(([topic, count]) => ({ topic, count })).sort((a, b) => b.count - a.count);
}

/** The session expiry that never ends. */
export const forever = 4_294_967_295;
