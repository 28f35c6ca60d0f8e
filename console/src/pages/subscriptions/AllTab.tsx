import { Search, Send } from "lucide-react";
import { useMemo } from "react";
import type { Subscription } from "../../api/broker";
import { usePaged } from "../../api/usePaged";
import { useText } from "../../i18n/text";
import { copyText } from "../../kit/copy";
import type { Column } from "../../kit/columns";
import { Field } from "../../kit/Field";
import { FilterBar } from "../../kit/FilterBar";
import { Glyph } from "../../kit/Glyph";
import { ListFrame, matchText, sortOf } from "../../kit/ListFrame";
import { Empty } from "../../kit/states";
import { address, go, setQuery, usePlace } from "../../router";
import { optionsText } from "../clients/tables";

const names = ["search", "topic", "client", "shared"];
const keyOf = (s: Subscription) => `${s.client}\n${s.filter}`;

/** Every subscription, and who gets a topic. */
export function AllTab() {
  const text = useText();
  const { t } = text;
  const { query } = usePlace();
  const sort = sortOf(query, { by: "filter", down: false });
  const asked = {
    ...Object.fromEntries(names.map((name) => [name, query.get(name) ?? undefined])),
    sort: sort.by,
    order: sort.down ? "desc" : "asc",
  };
  const list = usePaged<Subscription>("/subscriptions", asked, keyOf);
  const topic = query.get("topic");
  const columns = useMemo((): Column<Subscription>[] => {
    return [
      {
        id: "filter",
        header: t("subs.filter"),
        sort: "filter",
        width: "minmax(150px, 1.6fr)",
        cell: (s) => (
          <span className="el" title={s.filter}>
            {s.filter}
          </span>
        ),
      },
      {
        id: "client",
        header: t("clients.id"),
        sort: "client",
        width: "minmax(120px, 1fr)",
        cell: (s) => (
          <span className="st nm">
            <Glyph condition={s.connected ? "run" : "off"} />
            <span className="el">{s.client}</span>
          </span>
        ),
      },
      { id: "qos", header: "QoS", sort: "qos", width: "56px", end: true, cell: (s) => s.qos },
      {
        id: "options",
        header: t("subs.options"),
        width: "minmax(120px, 1.2fr)",
        wide: true,
        className: "mut2",
        cell: (s) => optionsText(s, text),
      },
    ];
  }, [t, text]);
  return (
    <>
      <FilterBar
        filters={[
          { id: "client", label: t("clients.id") },
          {
            id: "shared",
            label: t("subs.sharing"),
            options: [
              { id: "only", text: t("subs.sharing.only") },
              { id: "none", text: t("subs.sharing.none") },
            ],
          },
        ]}
        aside={topic ? t("subs.receives", { topic }) : matchText(list, text)}
      >
        <Field
          quiet
          icon={Search}
          label={t("subs.search")}
          placeholder={t("subs.search")}
          value={query.get("search") ?? ""}
          onChange={(value) => setQuery({ search: value || null })}
        />
        <Field
          quiet
          className="wide"
          icon={Send}
          label={t("subs.who")}
          placeholder={t("subs.who")}
          value={topic ?? ""}
          isInvalid={/[+#]/.test(topic ?? "")}
          onChange={(value) => setQuery({ topic: value || null })}
        />
      </FilterBar>
      <ListFrame
        label={t("nav.subscriptions")}
        list={list}
        keyOf={keyOf}
        columns={columns}
        selected={query.get("row")}
        onSelect={(s) => setQuery({ row: keyOf(s) })}
        onOpen={(s) => go(address("/client", { id: s.client }))}
        onKey={(key, s) => key === "y" && void copyText(s.filter, t("action.copied"))}
        sort={sort}
        filters={names.filter((name) => query.get(name))}
        empty={
          <Empty title={t("subs.empty")} command={`mosquitto_sub -h ${location.hostname} -t 'plant/#' -v`}>
            {t("subs.empty.what")}
          </Empty>
        }
        foot={
          <span>
            <kbd>Enter</kbd> {t("clients.open")}
          </span>
        }
      />
    </>
  );
}
