import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { Input, Label, TextField, type TextFieldProps } from "react-aria-components";

interface Props extends Omit<TextFieldProps, "children" | "className"> {
  label: string;
  /** Keeps the label for screen readers only; the icon and place say it. */
  quiet?: boolean;
  icon?: LucideIcon;
  placeholder?: string;
  className?: string;
  /** The id of a list of proposals. */
  list?: string;
  /** At the right end, inside the field. */
  children?: ReactNode;
}

export function Field({ label, quiet, icon: Icon, placeholder, className, list, children, ...rest }: Props) {
  return (
    <TextField {...rest} aria-label={quiet ? label : undefined} className={`field ${className ?? ""}`}>
      {!quiet && <Label>{label}</Label>}
      <div className="inp">
        {Icon && <Icon className="i" aria-hidden />}
        <Input placeholder={placeholder} list={list} />
        {children}
      </div>
    </TextField>
  );
}
