// What a DataGrid shows of a row.
import type { ReactNode } from "react";

export interface Column<Row> {
  id: string;
  header: string;
  /** What a press on the header sorts by; without it the column does not sort. */
  sort?: string;
  /** A grid track: 84px or minmax(160px, 1fr). */
  width: string;
  end?: boolean;
  className?: string;
  /** Left out where the screen is narrow. */
  wide?: boolean;
  cell: (row: Row) => ReactNode;
}

/** How a table is sorted: one column, one direction. */
export interface Sort {
  by: string;
  down: boolean;
}

export interface Branch {
  level: number;
  /** Undefined for a leaf. */
  open?: boolean;
}
