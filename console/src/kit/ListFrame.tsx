import type { ReactNode } from "react";
import { useDated } from "../api/fresh";
import type { Paged } from "../api/usePaged";
import { type Text, useText } from "../i18n/text";
import { setQuery } from "../router";
import { Button } from "./Button";
import type { Column, Sort } from "./columns";
import { DataGrid } from "./DataGrid";
import { Failure, NoMatch, Skeleton, StaleBar } from "./states";

interface Props<Row> {
  label: string;
  list: Paged<Row>;
  keyOf: (row: Row) => string;
  columns: readonly Column<Row>[];
  selected?: string | null;
  onSelect?: (row: Row) => void;
  onOpen?: (row: Row) => void;
  onKey?: (key: string, row: Row) => void;
  sort?: Sort;
  /** What a list without any rows says. */
  empty: ReactNode;
  /** Names of the filters in force; with one, no rows means no match. */
  filters?: readonly string[];
  /** Beside the table. */
  side?: ReactNode;
  /** At the right end of the foot. */
  foot?: ReactNode;
}

/** A table with all its states, its side panel and its foot. */
export function ListFrame<Row>(props: Props<Row>) {
  const { list, filters = [] } = props;
  const { t, count } = useText();
  const { fresh, since } = useDated(list);
  const { sort } = props;
  const by = props.columns.find((column) => sort && column.sort === sort.by)?.header;
  return (
    <div className={`split ${props.side ? "bsplit" : "solo"}${fresh ? "" : " old"}`}>
      <div className="col">
        {!fresh && !list.error && <StaleBar since={since} retry={list.retry} />}
        {list.error ? (
          <div className="full">
            <Failure error={list.error} retry={list.retry} />
          </div>
        ) : list.loading ? (
          <Skeleton rows={12} />
        ) : list.rows.length > 0 ? (
          <DataGrid
            label={props.label}
            className={fresh ? "" : "stale"}
            rows={list.rows}
            keyOf={props.keyOf}
            columns={props.columns}
            selected={props.selected ?? null}
            onSelect={(row) => props.onSelect?.(row)}
            onOpen={props.onOpen}
            onKey={props.onKey}
            onRange={list.onRange}
            sort={props.sort}
            onSort={setSort}
            rowClass={(row) => (list.gone.has(props.keyOf(row)) ? "gone" : "")}
          />
        ) : filters.length > 0 ? (
          <NoMatch
            title={t("list.none")}
            action={
              <Button small onPress={() => setQuery(Object.fromEntries(filters.map((name) => [name, null])))}>
                {t("list.clear")}
              </Button>
            }
          >
            {t("list.none.what")}
          </NoMatch>
        ) : (
          props.empty
        )}
        <div className="foot">
          <span>{list.loading || list.error ? "" : t("list.rows", { n: list.count, count: count(list.count) })}</span>
          {by && list.rows.length > 0 && <span className="mut el hid">{t("list.sorted", { by })}</span>}
          {list.changes > 0 && (
            <Button small kind="ghost" onPress={list.resort}>
              {t("list.resort", { n: list.changes })}
            </Button>
          )}
          <span className="sp" />
          <span className="hid r">{props.foot}</span>
        </div>
      </div>
      {props.side}
    </div>
  );
}

/** How many rows match, once that is known. */
export const matchText = ({ loading, error, count: n }: Paged<unknown>, { t, count }: Text): string => (loading || error ? "" : t("list.match", { n, count: count(n) }));

/** Puts the order into the address. */
export function setSort(sort: Sort) {
  setQuery({ sort: sort.by, order: sort.down ? "desc" : "asc" });
}

/** The order that the address asks for, or the one given. */
export function sortOf(query: URLSearchParams, otherwise: Sort): Sort {
  const by = query.get("sort");
  return by ? { by, down: query.get("order") === "desc" } : otherwise;
}
