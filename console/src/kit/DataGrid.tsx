// Rows of a fixed height, of which only those in sight exist. Order, scroll and
// selection never move by themselves; live cells write themselves, outside React.
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useCallback, useEffect, useMemo, useRef } from "react";
import type { Branch, Column, Sort } from "./columns";
import { DataRow } from "./DataRow";
import { HeaderCell } from "./HeaderCell";
import { tokenPixels, usePhone } from "./media";

interface Props<Row> {
  label: string;
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  columns: readonly Column<Row>[];
  branch?: (row: Row) => Branch;
  selected: string | null;
  onSelect: (row: Row) => void;
  onOpen?: (row: Row) => void;
  onFold?: (row: Row, open: boolean) => void;
  onKey?: (key: string, row: Row) => void;
  /** Called with the rows in sight when they change. */
  onVisible?: (rows: Row[]) => void;
  /** Called with the first and last index in sight when they change. */
  onRange?: (first: number, last: number) => void;
  sort?: Sort;
  onSort?: (sort: Sort) => void;
  /** Further classes of a row. */
  rowClass?: (row: Row) => string;
  className?: string;
}

/** Whether the key presses a button, a link or a box within the table. */
const pressed = ({ key, target }: KeyboardEvent) => (key === "Enter" || key === " ") && (target as Element).closest("button, a, input") !== null;

export function DataGrid<Row>(props: Props<Row>) {
  const { rows, keyOf, branch, selected, onVisible, onRange } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const phone = usePhone();
  const columns = useMemo(() => props.columns.filter((c) => !phone || !c.wide), [props.columns, phone]);
  const height = tokenPixels("--h-row") || 28;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    getItemKey: (i) => (rows[i] ? keyOf(rows[i]) : i),
    overscan: 6,
    scrollPaddingStart: height,
  });
  const items = virtual.getVirtualItems();
  const at = selected === null ? -1 : rows.findIndex((row) => row !== undefined && keyOf(row) === selected);
  const inSight = `${items[0]?.index}-${items.at(-1)?.index}-${rows.length}`;

  useEffect(() => {
    onVisible?.(items.flatMap((item) => rows[item.index] ?? []));
    // The rows in sight are named by inSight.
  }, [inSight, rows, onVisible]);

  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => onRange?.(first, last), [first, last, onRange]);

  const move = (to: number) => {
    const row = rows[Math.min(rows.length - 1, Math.max(0, to))];
    if (!row) return;
    props.onSelect(row);
    virtual.scrollToIndex(rows.indexOf(row), { align: "auto" });
  };
  const keyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || pressed(event)) return;
    const page = Math.floor((scroller.current?.clientHeight ?? 280) / height) - 2;
    const steps: Record<string, number> = {
      ArrowDown: at + 1,
      j: at + 1,
      ArrowUp: at - 1,
      k: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: rows.length - 1,
    };
    const row = rows[at];
    const step = steps[event.key];
    if (step !== undefined) move(step);
    else if (row && event.key === "ArrowRight") fold(row, true);
    else if (row && event.key === "ArrowLeft") fold(row, false);
    else if (row && event.key === "Enter" && props.onOpen) props.onOpen(row);
    else if (row && props.onKey) return props.onKey(event.key, row);
    else return;
    event.preventDefault();
  };
  const fold = (row: Row, open: boolean) => {
    const state = branch?.(row);
    if (!state) return;
    if (state.open !== undefined && state.open !== open) return props.onFold?.(row, open);
    if (open) return move(at + 1);
    for (let i = at - 1; i >= 0; i--) {
      if ((rows[i] && branch ? branch(rows[i] as Row).level : 0) < state.level) return move(i);
    }
  };

  // What a row calls stays the same function, so that rows in sight are not made anew.
  const latest = useRef(props);
  latest.current = props;
  const onSelect = useCallback((row: Row) => latest.current.onSelect(row), []);
  const onOpen = useCallback((row: Row) => latest.current.onOpen?.(row), []);
  const onFold = useCallback((row: Row, open: boolean) => latest.current.onFold?.(row, open), []);
  const tracks = columns.map((c) => c.width).join(" ");
  return (
    <div
      ref={scroller}
      className={`dg ${props.className ?? ""}`}
      role={branch ? "treegrid" : "grid"}
      aria-label={props.label}
      aria-rowcount={rows.length + 1}
      aria-colcount={columns.length}
      aria-activedescendant={items.some((item) => item.index === at) ? `row-${at}` : undefined}
      tabIndex={0}
      onKeyDown={keyDown}
    >
      <div className="dgh" role="row" aria-rowindex={1} style={{ gridTemplateColumns: tracks }}>
        {columns.map((c) => (
          <HeaderCell key={c.id} column={c} sort={props.sort} onSort={props.onSort} />
        ))}
      </div>
      <div className="dgb" role="presentation" style={{ height: virtual.getTotalSize() }}>
        {items.map((item, place) => {
          const row = rows[item.index];
          // A row under way has nothing to keep: it moves as one scrolls, and is not made anew.
          if (row === undefined) return <div key={`due-${place}`} className="dgr due" aria-hidden style={{ transform: `translateY(${item.start}px)` }} />;
          const twig = branch?.(row);
          return (
            <DataRow
              key={item.key}
              row={row}
              index={item.index}
              top={item.start}
              tracks={tracks}
              columns={columns}
              level={twig?.level}
              open={twig?.open}
              selected={item.index === at}
              className={props.rowClass?.(row)}
              onSelect={onSelect}
              onOpen={onOpen}
              onFold={onFold}
            />
          );
        })}
      </div>
    </div>
  );
}
