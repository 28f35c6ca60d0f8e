import { Search, Trash2 } from "lucide-react";
import { useMemo, useState } from "react";
import type { Retained as Row } from "../../api/broker";
import { useMay } from "../../api/may";
import { useStatus } from "../../api/queries";
import { usePaged } from "../../api/usePaged";
import { useText } from "../../i18n/text";
import { Button } from "../../kit/Button";
import { copyText } from "../../kit/copy";
import type { Column } from "../../kit/columns";
import { Field } from "../../kit/Field";
import { FilterBar } from "../../kit/FilterBar";
import { ListFrame, matchText, sortOf } from "../../kit/ListFrame";
import { Empty } from "../../kit/states";
import { setQuery, usePlace } from "../../router";
import { DeleteByFilter, DeleteOne } from "./DeleteDialogs";
import { RetainedSide } from "./RetainedSide";

const names = ["search", "prefix", "filter"];
const keyOf = (m: Row) => m.topic;

export default function Retained() {
  const text = useText();
  const { t, bytes, age } = text;
  const { query } = usePlace();
  const may = useMay("operator");
  const now = Date.now() + (useStatus().data?.offset ?? 0);
  const selected = query.get("topic");
  const sort = sortOf(query, { by: "topic", down: false });
  const asked = {
    ...Object.fromEntries(names.map((name) => [name, query.get(name) ?? undefined])),
    sort: sort.by,
    order: sort.down ? "desc" : "asc",
  };
  const list = usePaged<Row>("/retained", asked, keyOf);
  const [dialog, setDialog] = useState<"one" | "filter" | null>(null);
  const deleted = () => {
    setQuery({ topic: null });
    list.resort();
  };
  const second = Math.floor(now / 5_000);
  const beside = selected !== null;
  const columns = useMemo((): Column<Row>[] => {
    const all: (Column<Row> | false)[] = [
      {
        id: "topic",
        header: t("topics.topic"),
        sort: "topic",
        width: "minmax(160px, 2fr)",
        cell: (m) => (
          <span className="el" title={m.topic}>
            {m.topic}
          </span>
        ),
      },
      { id: "size", header: t("topics.size"), sort: "size", width: "84px", end: true, cell: (m) => bytes(m.size) },
      { id: "qos", header: "QoS", width: "48px", end: true, wide: true, cell: (m) => m.qos },
      {
        id: "age",
        header: t("topics.age"),
        sort: "at",
        width: "76px",
        end: true,
        className: "mut2",
        cell: (m) => age(Date.parse(m.at), now),
      },
      !beside && {
        id: "expires",
        header: t("retained.expires"),
        sort: "expiresAt",
        width: "minmax(110px, 0.6fr)",
        wide: true,
        className: "mut2",
        cell: (m) => (m.expiresAt ? text.dateTime(Date.parse(m.expiresAt)) : t("retained.never")),
      },
      {
        id: "publisher",
        header: t("topics.publisher"),
        sort: "publisher",
        width: "minmax(90px, 0.7fr)",
        wide: true,
        className: "mut2",
        cell: (m) => m.publisher || t("value.none"),
      },
    ];
    return all.filter((column) => column !== false);
    // Ages are as old as five seconds.
  }, [text, beside, second]);
  return (
    <>
      <div className="pgh">
        <h1>{t("nav.retained")}</h1>
        <span className="mut t12 el hid">{t("retained.lead")}</span>
        <span className="sp" />
        {may && (
          <Button small icon={Trash2} onPress={() => setDialog("filter")}>
            {t("retained.deleteFilter.open")}
          </Button>
        )}
      </div>
      <FilterBar
        filters={[
          { id: "prefix", label: t("retained.prefix") },
          { id: "filter", label: t("subs.filter") },
        ]}
        aside={matchText(list, text)}
      >
        <Field
          quiet
          className="wide"
          icon={Search}
          label={t("retained.search")}
          placeholder={t("retained.search")}
          value={query.get("search") ?? ""}
          onChange={(value) => setQuery({ search: value || null })}
        />
      </FilterBar>
      <ListFrame
        label={t("nav.retained")}
        list={list}
        keyOf={keyOf}
        columns={columns}
        selected={selected}
        onSelect={(m) => setQuery({ topic: m.topic })}
        onKey={(key, m) => {
          if (key === "y") void copyText(m.topic, t("action.copied"));
          if (key === "Escape") setQuery({ topic: null });
        }}
        sort={sort}
        filters={names.filter((name) => query.get(name))}
        empty={
          <Empty
            title={t("retained.empty")}
            command={`mosquitto_pub -h ${location.hostname} -r -t plant/line-1/recipe -m '{"name":"B12"}'`}
          >
            {t("retained.empty.what")}
          </Empty>
        }
        foot={
          <span>
            <kbd>Y</kbd> {t("help.copy")}
          </span>
        }
        side={
          selected && (
            <RetainedSide
              key={selected}
              topic={selected}
              onDelete={may ? () => setDialog("one") : undefined}
              onClose={() => setQuery({ topic: null })}
            />
          )
        }
      />
      {dialog === "one" && selected && (
        <DeleteOne
          topic={selected}
          onDone={deleted}
          onClose={() => setDialog(null)}
        />
      )}
      {dialog === "filter" && (
        <DeleteByFilter first={query.get("filter") ?? ""} onDone={deleted} onClose={() => setDialog(null)} />
      )}
    </>
  );
}
