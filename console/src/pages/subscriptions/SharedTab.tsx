import { Search } from "lucide-react";
import { useMemo } from "react";
import type { Shared } from "../../api/broker";
import { useStatus } from "../../api/queries";
import { usePaged } from "../../api/usePaged";
import { useText } from "../../i18n/text";
import { copyText } from "../../kit/copy";
import { Field } from "../../kit/Field";
import { FilterBar } from "../../kit/FilterBar";
import { ListFrame, matchText, sortOf } from "../../kit/ListFrame";
import { Empty } from "../../kit/states";
import { setQuery, usePlace } from "../../router";
import { nameOf } from "./shared";
import { sharedColumns } from "./sharedColumns";
import { SharedSide } from "./SharedSide";

/** Groups of clients that share the messages of a filter. */
export function SharedTab() {
  const text = useText();
  const { t } = text;
  const { query } = usePlace();
  const status = useStatus().data;
  const now = Date.now() + (status?.offset ?? 0);
  const sort = sortOf(query, { by: "filter", down: false });
  const search = query.get("search") ?? "";
  const list = usePaged<Shared>("/subscriptions/shared", { search: search || undefined, sort: sort.by, order: sort.down ? "desc" : "asc" }, nameOf);
  const chosen = query.get("group");
  const group = list.rows.find((one) => one && nameOf(one) === chosen);
  const second = Math.floor(now / 5_000);
  const columns = useMemo(
    () => sharedColumns(text, now, group !== undefined),
    // Ages are as old as five seconds.
    [text, second, group !== undefined],
  );
  return (
    <>
      <FilterBar filters={[]} aside={matchText(list, text)}>
        <Field
          quiet
          icon={Search}
          label={t("shared.search")}
          placeholder={t("shared.search")}
          value={search}
          onChange={(value) => setQuery({ search: value || null })}
        />
      </FilterBar>
      <ListFrame
        label={t("subs.tab.shared")}
        list={list}
        keyOf={nameOf}
        columns={columns}
        selected={chosen}
        onSelect={(g) => setQuery({ group: nameOf(g) })}
        onKey={(key, g) => {
          if (key === "y") void copyText(nameOf(g), t("action.copied"));
          if (key === "Escape") setQuery({ group: null });
        }}
        sort={sort}
        filters={search ? ["search"] : []}
        empty={
          <Empty title={t("shared.empty")} command={`mosquitto_sub -h ${location.hostname} -V 5 -t '$share/workers/jobs/#' -v`}>
            {t("shared.empty.what")}
          </Empty>
        }
        side={group && <SharedSide group={group} now={now} onClose={() => setQuery({ group: null })} />}
        foot={
          <span>
            <kbd>Y</kbd> {t("shared.copy")}
          </span>
        }
      />
    </>
  );
}
