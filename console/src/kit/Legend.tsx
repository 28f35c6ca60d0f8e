export interface LegendItem {
  label?: string;
  /** Series colour, 1 to 8. */
  color?: number;
  dashed?: boolean;
  value: string;
}

/** Lines by name and colour, each with its value. */
export function Legend({ items }: { items: readonly LegendItem[] }) {
  return (
    <span className="leg">
      {items.map(({ label, color = 1, dashed, value }) => (
        <span key={label}>
          <i style={{ color: `var(--c${((color - 1) % 8) + 1})`, borderTopStyle: dashed ? "dashed" : "solid" }} />
          {label} <b>{value}</b>
        </span>
      ))}
    </span>
  );
}
