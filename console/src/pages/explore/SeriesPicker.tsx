import { useQuery } from "@tanstack/react-query";
import { Check, Search } from "lucide-react";
import { type CSSProperties, useDeferredValue, useMemo, useState } from "react";
import { get } from "../../api/client";
import { seriesSearch } from "../../api/queries";
import type { Page, Series } from "../../api/types";
import { useText } from "../../i18n/text";
import { Button } from "../../kit/Button";
import { DataGrid } from "../../kit/DataGrid";
import { Field } from "../../kit/Field";
import { Failure, NoMatch, Skeleton } from "../../kit/states";
import { PublishHint } from "../../kit/PublishHint";
import { seriesTree, type TreeRow } from "./seriesTree";

const pageSize = 1_000;
const pagesAtMost = 5;
const unfoldUpTo = 40;

interface Props {
  chosen: readonly string[];
  slots: ReadonlyMap<string, number>;
  onToggle: (series: string) => void;
  onClear: () => void;
}

/** The tree of series with a box to tick for each. */
export function SeriesPicker({ chosen, slots, onToggle, onClear }: Props) {
  const { t, count } = useText();
  const [text, setText] = useState("");
  const [active, setActive] = useState<string | null>(null);
  const [folds, setFolds] = useState<ReadonlyMap<string, boolean>>(new Map());
  const search = useDeferredValue(text.trim());
  const all = useQuery({
    queryKey: ["series", "all"],
    queryFn: readAll,
    refetchInterval: 15_000,
  });
  const found = useQuery({ ...seriesSearch(search, pageSize), enabled: search !== "" });
  const { data, error, isPending, refetch } = search ? found : all;

  const rows = useMemo(() => {
    const list = data?.items ?? [];
    const few = list.length <= unfoldUpTo || search !== "";
    const first = list[0]?.series ?? "";
    return seriesTree(
      list,
      (path, level) =>
        folds.get(path) ??
        (few || (level < 2 && first.startsWith(`${path}/`)) || chosen.some((one) => one.startsWith(`${path}/`))),
    );
  }, [data, folds, search, chosen]);

  const fold = (row: TreeRow, open: boolean) => setFolds((before) => new Map(before).set(row.key.slice(0, -1), open));
  const act = (row: TreeRow) => (row.series ? onToggle(row.series) : fold(row, !row.open));
  const columns = [
    {
      id: "name",
      header: t("explore.series"),
      width: "minmax(0, 1fr)",
      cell: (row: TreeRow) => (
        <Name
          row={row}
          on={row.series !== undefined && chosen.includes(row.series)}
          slot={slots.get(row.series ?? "")}
          onPress={act}
        />
      ),
    },
  ];
  const total = data?.meta.count ?? 0;
  const shown = data?.items.length ?? 0;

  return (
    <aside className="pick" aria-label={t("explore.picker")}>
      <Field
        quiet
        icon={Search}
        label={t("explore.find")}
        placeholder={t("explore.find")}
        value={text}
        onChange={setText}
      />
      {error && !data ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : isPending ? (
        <Skeleton />
      ) : rows.length > 0 ? (
        <DataGrid
          label={t("explore.picker")}
          rows={rows}
          keyOf={(row) => row.key}
          columns={columns}
          branch={(row) => ({ level: row.level, open: row.open })}
          selected={active}
          onSelect={(row) => setActive(row.key)}
          onFold={fold}
          onKey={(key, row) => (key === " " || key === "Enter") && act(row)}
        />
      ) : search ? (
        <NoMatch title={t("explore.none", { text: search })} />
      ) : (
        <PublishHint />
      )}
      <div className="foot">
        <span className="el">
          {shown < total && search === ""
            ? t("explore.first", { shown: count(shown), count: count(total) })
            : t("explore.picked", { n: chosen.length, count: count(all.data?.meta.count ?? total) })}
        </span>
        <span className="sp" />
        {chosen.length > 0 && (
          <Button small kind="ghost" onPress={onClear}>
            {t("explore.clear")}
          </Button>
        )}
      </div>
    </aside>
  );
}

interface NameProps {
  row: TreeRow;
  on: boolean;
  slot: number | undefined;
  onPress: (row: TreeRow) => void;
}

function Name({ row, on, slot, onPress }: NameProps) {
  if (!row.series) {
    return (
      <span className="el" onClick={() => onPress(row)}>
        {row.name}
      </span>
    );
  }
  const color = slot === undefined ? "var(--ink-2)" : `var(--c${(slot % 8) + 1})`;
  return (
    <span
      className="tick"
      role="checkbox"
      aria-checked={on}
      aria-label={row.series}
      title={row.series}
      onClick={() => onPress(row)}
    >
      <span className={on ? "ck on" : "ck"} style={on ? ({ "--c": color } as CSSProperties) : undefined}>
        {on && <Check className="i" aria-hidden />}
      </span>
      <span className="el">{row.name}</span>
    </span>
  );
}

// The historian's list in pages; beyond a few thousand series one searches.
async function readAll({ signal }: { signal: AbortSignal }): Promise<Page<Series>> {
  const items: Series[] = [];
  for (let page = 1; ; page++) {
    const answer = await get<Page<Series>>("/series", { limit: pageSize, page }, signal);
    items.push(...answer.items);
    if (page === pagesAtMost || items.length >= answer.meta.count || answer.items.length === 0) {
      return { items, meta: answer.meta };
    }
  }
}
