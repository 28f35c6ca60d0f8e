import { Check as Tick } from "lucide-react";
import { Checkbox } from "react-aria-components";

interface Props {
  label: string;
  /** Keeps the label for screen readers only. */
  quiet?: boolean;
  on: boolean;
  some?: boolean;
  disabled?: boolean;
  onChange: (on: boolean) => void;
}

export function Check({ label, quiet, on, some, disabled, onChange }: Props) {
  return (
    <Checkbox
      className="chk"
      aria-label={quiet ? label : undefined}
      isSelected={on}
      isIndeterminate={some}
      isDisabled={disabled}
      onChange={onChange}
    >
      <span className={on || some ? "ck on" : "ck"}>{on ? <Tick className="i" aria-hidden /> : some ? "−" : null}</span>
      {!quiet && label}
    </Checkbox>
  );
}
