import { type ReactNode, useId } from "react";

interface Props {
  title: string;
  /** Beside the title. */
  tag?: ReactNode;
  /** At the right end of the header. */
  aside?: ReactNode;
  /** Draws a line under the header. */
  ruled?: boolean;
  className?: string;
  children: ReactNode;
}

export function Panel({ title, tag, aside, ruled, className = "", children }: Props) {
  const id = useId();
  return (
    <section className={`card ${className}`} aria-labelledby={id}>
      <header className={ruled ? "ln" : undefined}>
        <h2 id={id}>{title}</h2>
        {tag}
        <span className="sp" />
        {aside}
      </header>
      {children}
    </section>
  );
}
