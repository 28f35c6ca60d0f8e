import type { MouseEvent, ReactNode } from "react";
import { go } from "../router";

interface Props {
  to: string;
  className?: string;
  current?: boolean;
  title?: string;
  children: ReactNode;
}

/** A link inside the console; modified clicks keep the browser's meaning. */
export function Link({ to, className, current, title, children }: Props) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(to);
  };
  return (
    <a href={to} className={className} title={title} aria-current={current ? "page" : undefined} onClick={follow}>
      {children}
    </a>
  );
}
