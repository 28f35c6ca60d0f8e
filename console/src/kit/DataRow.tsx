import { ChevronDown, ChevronRight } from "lucide-react";
import type { Branch, Column } from "./columns";

interface Props<Row> {
  row: Row;
  index: number;
  top: number;
  tracks: string;
  columns: readonly Column<Row>[];
  branch?: Branch;
  selected: boolean;
  className?: string;
  onSelect: (row: Row) => void;
  onOpen?: (row: Row) => void;
  onFold?: (row: Row, open: boolean) => void;
}

export function DataRow<Row>(props: Props<Row>) {
  const { row, index, branch, selected, columns } = props;
  const style = { transform: `translateY(${props.top}px)`, gridTemplateColumns: props.tracks };
  return (
    <div
      id={`row-${index}`}
      className={`dgr ${props.className ?? ""}`}
      role="row"
      aria-rowindex={index + 2}
      aria-level={branch ? branch.level + 1 : undefined}
      aria-expanded={branch?.open}
      aria-selected={selected}
      style={style}
      onClick={() => props.onSelect(row)}
      onDoubleClick={() => props.onOpen?.(row)}
    >
      {columns.map((c, i) => (
        <div key={c.id} role="gridcell" className={`${c.end ? "num " : ""}${c.className ?? ""}`}>
          {i === 0 && branch && <Twig branch={branch} onFold={() => props.onFold?.(row, !branch.open)} />}
          {c.cell(row)}
        </div>
      ))}
    </div>
  );
}

/** The lines of the levels above, and the arrow that folds. */
function Twig({ branch, onFold }: { branch: Branch; onFold: () => void }) {
  const Arrow = branch.open ? ChevronDown : ChevronRight;
  return (
    <span className="twig" style={{ width: branch.level * 16 + 19 }} aria-hidden="true">
      {Array.from({ length: branch.level }, (_, i) => (
        <s key={i} style={{ left: i * 16 + 7 }} />
      ))}
      {branch.open !== undefined && (
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
