import type { ReactNode } from "react";
import { useText } from "../../i18n/text";

interface Props {
  name: string;
  /** A rate with its unit, or a value that is already text. */
  rate?: number;
  value?: { value: string; prefix: string };
  unit?: string;
  aside: string;
  /** A condition beside the name; the number takes its colour. */
  glyph?: ReactNode;
}

/** One number of the head: name, value with unit, and what it stands beside. */
export function Metric({ name, rate, value, unit, aside, glyph }: Props) {
  const { rateParts } = useText();
  const parts = value ?? rateParts(rate ?? 0);
  return (
    <div className={glyph ? "al" : undefined}>
      <dt>
        {glyph}
        {name}
      </dt>
      <dd>
        <b>
          {parts.value}
          {unit && <span className="unit">{[parts.prefix, unit].filter(Boolean).join(" ")}</span>}
        </b>
        <em>{aside}</em>
      </dd>
    </div>
  );
}
