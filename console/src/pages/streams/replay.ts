import type { Replay, ReplayOrder } from "../../api/streams";

export const paces = ["1", "10", "100", "rate", "0"] as const;

/** What the form of a replay holds. */
export interface ReplayWish {
  /** A time or a position; empty is the oldest. */
  from: string;
  /** The same; empty is the newest. */
  to: string;
  filter: string;
  prefix: string;
  /** How many times as fast as they came, or at a rate; 0 is as fast as it goes. */
  pace: (typeof paces)[number];
  rate: string;
  capture: boolean;
}

export const placeWords = ["-1h", "2026-01-31T12:00:00Z", "17:3"] as const;

const isPosition = (text: string) => /^\d+:\d+$/.test(text);

/** What the node is asked; null while a rate is missing. */
export function replayOrder(wish: ReplayWish): ReplayOrder | null {
  const rate = Number(wish.rate.replace(",", "."));
  if (wish.pace === "rate" && !(rate > 0)) return null;
  const [from, to] = [wish.from.trim(), wish.to.trim()];
  const order: ReplayOrder = { capture: wish.capture };
  if (from) order[isPosition(from) ? "after" : "from"] = from;
  if (to) order[isPosition(to) ? "upTo" : "to"] = to;
  if (wish.filter.trim()) order.filter = wish.filter.trim();
  if (wish.prefix) order.prefix = wish.prefix;
  if (wish.pace === "rate") order.rate = rate;
  else if (wish.pace !== "0") order.speed = Number(wish.pace);
  return order;
}

/** Whether it goes on, now or when it is told to. */
export const isOpen = (replay: Replay): boolean => replay.state === "running" || replay.state === "paused";
