import type { History } from "../../api/types";

/** What every chart of the page draws from. */
export interface ChartProps {
  history: History | undefined;
  seconds: number;
  /** The window's length in words. */
  name: string;
}

/** Times in seconds, and the span of time in sight. */
export function timesOf(history: History | undefined, seconds: number): { times: number[]; span: [number, number] } {
  const times = (history?.times ?? []).map((ms) => ms / 1000);
  const end = times.at(-1) ?? Date.now() / 1000;
  return { times, span: [end - seconds, end] };
}

/** One row of figures, or zeros where the node has none. */
export function rowOf(history: History | undefined, figure: string): number[] {
  return history?.rows[figure] ?? (history?.times ?? []).map(() => 0);
}
