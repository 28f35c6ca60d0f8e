import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { Button as Press, type ButtonProps } from "react-aria-components";

interface Props extends Omit<ButtonProps, "children" | "className"> {
  icon?: LucideIcon;
  kind?: "plain" | "primary" | "ghost" | "danger";
  small?: boolean;
  children?: ReactNode;
}

const kinds = { plain: "", primary: " pri", ghost: " gho", danger: " dan" };

export function Button({ icon: Icon, kind = "plain", small, children, ...rest }: Props) {
  return (
    <Press {...rest} className={`btn${kinds[kind]}${small ? " s" : ""}`}>
      {Icon && <Icon className="i" aria-hidden />}
      {children}
    </Press>
  );
}
