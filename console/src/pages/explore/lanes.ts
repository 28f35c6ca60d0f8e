// State lanes: stretches of time in which a text or truth value held. Pure.
import { firstAtOrAfter, heldAt, type Track } from "./track";

export interface Stretch {
  from: number;
  to: number;
  state: string;
}

/** The stretches between two times; each lasts until the next value. */
export function stretches(track: Track, from: number, to: number): Stretch[] {
  const list: Stretch[] = [];
  const first = Math.max(0, heldAt(track, from));
  const end = firstAtOrAfter(track.times, to);
  for (let i = first; i < end; i++) {
    const state = track.states[i] ?? "";
    const at = Math.max(from, track.times[i] ?? from);
    const last = list.at(-1);
    if (last?.state === state) continue;
    if (last) last.to = at;
    list.push({ from: at, to, state });
  }
  return list;
}

/** The state that held longest: it is drawn grey, as what is usual. */
export function usual(list: readonly Stretch[]): string {
  const held = new Map<string, number>();
  for (const one of list) held.set(one.state, (held.get(one.state) ?? 0) + one.to - one.from);
  return [...held].sort((a, b) => b[1] - a[1])[0]?.[0] ?? "";
}
