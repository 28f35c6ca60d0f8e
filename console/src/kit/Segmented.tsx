import { ToggleButton, ToggleButtonGroup } from "react-aria-components";

interface Props<T extends string> {
  label: string;
  value: T;
  options: readonly { id: T; text: string }[];
  onChange: (value: T) => void;
  large?: boolean;
  fill?: boolean;
}

/** One choice out of a few, all of them in sight. */
export function Segmented<T extends string>({ label, value, options, onChange, large, fill }: Props<T>) {
  return (
    <ToggleButtonGroup
      aria-label={label}
      className={`seg${large ? "" : " s"}${fill ? " fill" : ""}`}
      disallowEmptySelection
      selectedKeys={[value]}
      onSelectionChange={(keys) => {
        const next = options.find((option) => keys.has(option.id));
        if (next) onChange(next.id);
      }}
    >
      {options.map((option) => (
        <ToggleButton key={option.id} id={option.id}>
          {option.text}
        </ToggleButton>
      ))}
    </ToggleButtonGroup>
  );
}
