// Conditions by shape first, then word, then colour. Each outline is its own, so
// that it reads in greyscale.
import type { ReactNode } from "react";

export type Condition = "p1" | "p2" | "p3" | "p4" | "run" | "wait" | "off" | "ok";

const shapes: Record<Condition, ReactNode> = {
  p1: (
    <>
      <path d="M4 .9h4L11.1 4v4L8 11.1H4L.9 8V4z" fill="var(--p1-fill)" stroke="currentColor" />
      <path d="M6 3v3.6M6 8.2v1" stroke="var(--surface)" strokeWidth="1.5" />
    </>
  ),
  p2: <path d="M6 1.4 11.2 10.7H.8z" fill="var(--p2-fill)" stroke="currentColor" strokeLinejoin="round" />,
  p3: <path d="M6 10.6.8 1.3h10.4z" fill="var(--p3-fill)" stroke="currentColor" strokeLinejoin="round" />,
  p4: <path d="M6 .8 11.2 6 6 11.2.8 6z" fill="var(--p4-fill)" stroke="currentColor" strokeLinejoin="round" />,
  run: <circle cx="6" cy="6" r="3.6" fill="currentColor" />,
  wait: <circle cx="6" cy="6" r="3.6" fill="none" stroke="currentColor" strokeWidth="1.5" />,
  off: (
    <>
      <circle cx="6" cy="6" r="3.6" fill="none" stroke="currentColor" strokeWidth="1.5" />
      <path d="M1.5 10.5 10.5 1.5" stroke="currentColor" strokeWidth="1.5" />
    </>
  ),
  ok: (
    <>
      <circle cx="6" cy="6" r="5.2" fill="none" stroke="currentColor" strokeWidth="1.5" />
      <path d="m3.6 6.2 1.7 1.7 3.2-3.6" fill="none" stroke="currentColor" strokeWidth="1.5" />
    </>
  ),
};

export function Glyph({ condition }: { condition: Condition }) {
  return (
    <svg className={`g ${condition}`} viewBox="0 0 12 12" aria-hidden="true">
      {shapes[condition]}
    </svg>
  );
}

/** The glyph of an alarm's priority, 1 to 4. */
export const ofPriority = (priority: number): Condition =>
  (["p1", "p2", "p3", "p4"] as const)[Math.min(4, Math.max(1, priority)) - 1];
