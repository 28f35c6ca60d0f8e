interface Props {
  /** Filled share, 0 to 1. */
  share: number;
  label: string;
  condition?: "p1" | "p2" | "p3";
}

/** The staff gauge: a bar with three notches for anything that has a limit. */
export function Gauge({ share, label, condition }: Props) {
  const percent = Math.round(Math.min(1, Math.max(0, share)) * 100);
  return (
    <span
      className={`gauge ${condition ?? ""}`}
      role="meter"
      aria-label={label}
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
    >
      <i style={{ width: `${percent}%` }} />
    </span>
  );
}
