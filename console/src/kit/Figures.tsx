import type { ReactNode } from "react";

/** A number with its name, and what is to be said beside it. */
export type Figure = readonly [name: string, value: ReactNode, aside: string];

/** The numbers of one thing, side by side. */
export function Figures({ figures }: { figures: readonly Figure[] }) {
  return (
    <dl className="card figs">
      {figures.map(([name, value, aside]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <b>{value}</b>
            <span className="t11 mut beside" title={aside}>
              {aside}
            </span>
          </dd>
        </div>
      ))}
    </dl>
  );
}
