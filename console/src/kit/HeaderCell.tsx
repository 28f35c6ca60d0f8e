import { ArrowDown, ArrowUp } from "lucide-react";
import type { Column, Sort } from "./columns";

interface Props<Row> {
  column: Column<Row>;
  sort?: Sort;
  onSort?: (sort: Sort) => void;
}

/** A column's name; a press sorts by it, numbers largest first. */
export function HeaderCell<Row>({ column, sort, onSort }: Props<Row>) {
  const { sort: by, header, end } = column;
  const className = `${end ? "num " : ""}${column.className ?? ""}`;
  if (!by || !onSort) {
    return (
      <div role="columnheader" className={className}>
        {header}
      </div>
    );
  }
  const on = sort?.by === by;
  const Arrow = sort?.down ? ArrowDown : ArrowUp;
  const next = on ? { by, down: !sort.down } : { by, down: end === true };
  return (
    <div role="columnheader" className={className} aria-sort={on ? (sort.down ? "descending" : "ascending") : "none"}>
      <button type="button" className="hsort" onClick={() => onSort(next)}>
        {header}
        {on && <Arrow className="i" aria-hidden />}
      </button>
    </div>
  );
}
