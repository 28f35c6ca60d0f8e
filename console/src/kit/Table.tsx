import type { ReactNode } from "react";

interface Props<Row> {
  label: string;
  rows: readonly Row[];
  keyOf: (row: Row, at: number) => string;
  columns: readonly { id: string; header: string; end?: boolean; cell: (row: Row) => ReactNode }[];
  /** What a table without rows says. */
  none: string;
}

/** A short list whose rows all exist; DataGrid is for long ones. */
export function Table<Row>({ label, rows, keyOf, columns, none }: Props<Row>) {
  if (rows.length === 0) return <div className="quiet">{none}</div>;
  return (
    <div className="scroll tblw" tabIndex={0} role="group" aria-label={label}>
      <table className="tbl">
        <thead>
          <tr>
            {columns.map((c) => (
              <th key={c.id} className={c.end ? "num" : undefined}>
                {c.header}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            <tr key={keyOf(row, i)}>
              {columns.map((c) => (
                <td key={c.id} className={c.end ? "num" : undefined}>
                  {c.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
