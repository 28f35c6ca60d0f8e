import type { LucideIcon } from "lucide-react";
import { Button as Press, type ButtonProps, Tooltip, TooltipTrigger } from "react-aria-components";

interface Props extends Omit<ButtonProps, "children" | "className"> {
  icon: LucideIcon;
  /** What it does; read aloud and shown on hover and focus. */
  label: string;
  small?: boolean;
}

export function IconButton({ icon: Icon, label, small, ...rest }: Props) {
  return (
    <TooltipTrigger delay={600}>
      <Press {...rest} aria-label={label} className={small ? "ib s" : "ib"}>
        <Icon className="i" aria-hidden />
      </Press>
      <Tooltip className="tip" offset={6}>
        {label}
      </Tooltip>
    </TooltipTrigger>
  );
}
