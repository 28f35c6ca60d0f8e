import { useId } from "react";

export interface Choice {
  id: string;
  text: string;
}

interface Props {
  label: string;
  value: string;
  options: readonly Choice[];
  onChange: (value: string) => void;
  quiet?: boolean;
  disabled?: boolean;
}

/** One choice out of several; the browser's own list, which every device knows how to open. */
export function Select({ label, value, options, onChange, quiet, disabled }: Props) {
  const id = useId();
  return (
    <div className="field">
      {!quiet && <label htmlFor={id}>{label}</label>}
      <div className="inp">
        <select
          id={id}
          aria-label={quiet ? label : undefined}
          value={value}
          disabled={disabled}
          onChange={(event) => onChange(event.target.value)}
        >
          {options.map((one) => (
            <option key={one.id} value={one.id}>
              {one.text}
            </option>
          ))}
        </select>
      </div>
    </div>
  );
}
