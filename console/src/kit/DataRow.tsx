import { ChevronDown, ChevronRight } from "lucide-react";
import { memo } from "react";
import type { Column } from "./columns";

interface Props<Row> {
  row: Row;
  index: number;
  top: number;
  tracks: string;
  columns: readonly Column<Row>[];
  /** Of a tree; open is undefined for a leaf. */
  level?: number;
  open?: boolean;
  selected: boolean;
  className?: string;
  onSelect: (row: Row) => void;
  onOpen?: (row: Row) => void;
  onFold?: (row: Row, open: boolean) => void;
}

/** One row. Scrolling makes it anew only when something of its own has changed. */
export const DataRow = memo(Line) as typeof Line;

function Line<Row>(props: Props<Row>) {
  const { row, index, level, open, selected, columns } = props;
  const style = { transform: `translateY(${props.top}px)`, gridTemplateColumns: props.tracks };
  return (
    <div
      id={`row-${index}`}
      className={`dgr ${props.className ?? ""}`}
      role="row"
      aria-rowindex={index + 2}
      aria-level={level === undefined ? undefined : level + 1}
      aria-expanded={open}
      aria-selected={selected}
      style={style}
      onClick={() => props.onSelect(row)}
      onDoubleClick={() => props.onOpen?.(row)}
    >
      {columns.map((c, i) => (
        <div key={c.id} role="gridcell" className={`${c.end ? "num " : ""}${c.className ?? ""}`}>
          {i === 0 && level !== undefined && <Twig level={level} open={open} onFold={() => props.onFold?.(row, !open)} />}
          {c.cell(row)}
        </div>
      ))}
    </div>
  );
}

/** The lines of the levels above, and the arrow that folds. */
function Twig({ level, open, onFold }: { level: number; open: boolean | undefined; onFold: () => void }) {
  const Arrow = open ? ChevronDown : ChevronRight;
  return (
    <span className="twig" style={{ width: level * 16 + 19 }} aria-hidden="true">
      {Array.from({ length: level }, (_, i) => (
        <s key={i} style={{ left: i * 16 + 7 }} />
      ))}
      {open !== undefined && (
        <button
          type="button"
          tabIndex={-1}
          onClick={(event) => {
            event.stopPropagation();
            onFold();
          }}
        >
          <Arrow className="i" />
        </button>
      )}
    </span>
  );
}
