import { useQuery } from "@tanstack/react-query";
import { Search } from "lucide-react";
import { useMemo } from "react";
import { type Refusal, whole } from "../../api/broker";
import { useStatus } from "../../api/queries";
import { usePaged } from "../../api/usePaged";
import { useText } from "../../i18n/text";
import type { Column } from "../../kit/columns";
import { Field } from "../../kit/Field";
import { FilterBar } from "../../kit/FilterBar";
import { ListFrame, matchText, sortOf } from "../../kit/ListFrame";
import { Empty } from "../../kit/states";
import { setQuery, usePlace } from "../../router";
import { byKind, keyOf, reasonsOf } from "./kinds";
import { RefusedSide } from "./RefusedSide";

const names = ["search", "kind", "reason", "client", "address", "user", "admitted", "since"];
const summed = 1_000;

/** Who was turned away during the last day, and why. */
export default function Refused() {
  const text = useText();
  const { t, count, age, span } = text;
  const { query } = usePlace();
  const now = Date.now() + (useStatus().data?.offset ?? 0);
  const sort = sortOf(query, { by: "lastAt", down: true });
  const asked = {
    ...Object.fromEntries(names.map((name) => [name, query.get(name) ?? undefined])),
    sort: sort.by,
    order: sort.down ? "desc" : "asc",
  };
  const list = usePaged<Refusal>("/refused", asked, keyOf);
  const all = useQuery(whole<Refusal>("/refused", 5_000, { limit: summed })).data?.items ?? [];
  const selected = query.get("row");
  const chosen = list.rows.find((row) => row && keyOf(row) === selected);
  const second = Math.floor(now / 5_000);
  const beside = chosen !== undefined;
  const columns = useMemo((): Column<Refusal>[] => {
    const none = <span className="mut">{t("value.none")}</span>;
    const columns: (Column<Refusal> | false)[] = [
      {
        id: "client",
        header: t("clients.id"),
        sort: "client",
        width: "minmax(120px, 1fr)",
        cell: (r) => <span className="el">{r.client || none}</span>,
      },
      {
        id: "reason",
        header: t("refused.reason"),
        sort: "reason",
        width: "minmax(120px, 1fr)",
        cell: (r) => <span title={r.text}>{text.fault(r.reason, r.text)}</span>,
      },
      !beside && {
        id: "user",
        header: t("clients.user"),
        sort: "user",
        width: "minmax(70px, 0.6fr)",
        wide: true,
        className: "mut2",
        cell: (r) => r.user || none,
      },
      {
        id: "address",
        header: t("clients.address"),
        sort: "address",
        width: "minmax(96px, 0.7fr)",
        wide: true,
        className: "mut2",
        cell: (r) => r.address,
      },
      !beside && {
        id: "when",
        header: t("refused.when"),
        width: "minmax(104px, 0.6fr)",
        wide: true,
        className: "mut2",
        cell: (r) => t(r.admitted ? "refused.inside" : "refused.door"),
      },
      !beside && {
        id: "listener",
        header: t("clients.listener"),
        width: "minmax(70px, 0.5fr)",
        wide: true,
        className: "mut2",
        cell: (r) => r.listener || none,
      },
      { id: "count", header: t("refused.count"), sort: "count", width: "64px", end: true, cell: (r) => count(r.count) },
      {
        id: "last",
        header: t("refused.last"),
        sort: "lastAt",
        width: "70px",
        end: true,
        className: "mut2",
        cell: (r) => age(Date.parse(r.lastAt), now),
      },
    ];
    return columns.filter((column) => column !== false);
    // Ages are as old as five seconds.
  }, [text, beside, second]);
  return (
    <>
      <div className="pgh">
        <h1>{t("nav.refused")}</h1>
        <span className="mut t12 el hid">{t("refused.lead")}</span>
      </div>
      <FilterBar
        filters={[
          { id: "client", label: t("refused.client") },
          { id: "reason", label: t("refused.reason"), options: reasonsOf(all).map((id) => ({ id, text: text.fault(id, id) })) },
          { id: "user", label: t("clients.user") },
          { id: "address", label: t("refused.address") },
          {
            id: "admitted",
            label: t("refused.when"),
            options: (["false", "true"] as const).map((id) => ({ id, text: t(id === "true" ? "refused.inside" : "refused.door") })),
          },
          { id: "since", label: t("refused.since"), options: ["-5m", "-1h", "-6h"].map((id) => ({ id, text: span(sinceSeconds[id] ?? 0) })) },
        ]}
        aside={matchText(list, text)}
      >
        <Field
          quiet
          className="wide"
          icon={Search}
          label={t("refused.search")}
          placeholder={t("refused.search")}
          value={query.get("search") ?? ""}
          onChange={(value) => setQuery({ search: value || null })}
        />
      </FilterBar>
      <div className="chips kinds" role="group" aria-label={t("refused.kinds")}>
        {byKind(all).map(({ kind, times }) => {
          const on = query.get("kind") === kind;
          return (
            <button
              key={kind}
              type="button"
              className={on ? "chip on" : "chip"}
              aria-pressed={on}
              onClick={() => setQuery({ kind: on ? null : kind })}
            >
              {t(`refused.kind.${kind}`)} <b className="med">{count(times)}</b>
            </button>
          );
        })}
      </div>
      <ListFrame
        label={t("nav.refused")}
        list={list}
        keyOf={keyOf}
        columns={columns}
        selected={selected}
        onSelect={(r) => setQuery({ row: keyOf(r) })}
        onKey={(key) => key === "Escape" && setQuery({ row: null })}
        sort={sort}
        filters={names.filter((name) => query.get(name))}
        empty={<Empty title={t("refused.empty")}>{t("refused.empty.what")}</Empty>}
        side={chosen && <RefusedSide refusal={chosen} onClose={() => setQuery({ row: null })} />}
      />
    </>
  );
}

const sinceSeconds: Record<string, number> = { "-5m": 300, "-1h": 3_600, "-6h": 21_600 };
