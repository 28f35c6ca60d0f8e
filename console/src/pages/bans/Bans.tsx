import { Plus, Search, Trash2 } from "lucide-react";
import { useMemo, useState } from "react";
import { type Ban, changed, pathOf } from "../../api/broker";
import { send } from "../../api/client";
import { useMay } from "../../api/may";
import { useStatus } from "../../api/queries";
import { usePaged } from "../../api/usePaged";
import { useText } from "../../i18n/text";
import { Button } from "../../kit/Button";
import type { Column } from "../../kit/columns";
import { Confirm } from "../../kit/Confirm";
import { Field } from "../../kit/Field";
import { FilterBar } from "../../kit/FilterBar";
import { IconButton } from "../../kit/IconButton";
import { ListFrame, matchText } from "../../kit/ListFrame";
import { Empty } from "../../kit/states";
import { toast } from "../../kit/toast";
import { setQuery, usePlace } from "../../router";
import { BanDialog } from "./BanDialog";
import { banKinds } from "./kinds";

const names = ["search", "kind"];
const keyOf = (b: Ban) => `${b.kind}\n${b.value}`;

/** Who is kept out, by whom and until when. */
export default function Bans() {
  const text = useText();
  const { t, dateTime, age } = text;
  const { query } = usePlace();
  const may = useMay("operator");
  const now = Date.now() + (useStatus().data?.offset ?? 0);
  const asked = Object.fromEntries(names.map((name) => [name, query.get(name) ?? undefined]));
  const list = usePaged<Ban>("/bans", asked, keyOf);
  const adding = banKinds.find((kind) => kind === query.get("add"));
  const [lifting, setLifting] = useState<Ban | null>(null);
  const second = Math.floor(now / 5_000);
  const columns = useMemo((): Column<Ban>[] => {
    const node = <span className="mut">{t("bans.node")}</span>;
    const all: (Column<Ban> | false)[] = [
      { id: "value", header: t("bans.value"), width: "minmax(130px, 1.2fr)", cell: (b) => <span title={b.value}>{b.value}</span> },
      { id: "kind", header: t("bans.kind"), width: "minmax(110px, 0.9fr)", className: "mut2", cell: (b) => t(`bans.kind.${b.kind}`) },
      {
        id: "reason",
        header: t("refused.reason"),
        width: "minmax(120px, 1.4fr)",
        wide: true,
        cell: (b) => b.reason || <span className="mut">{t("value.none")}</span>,
      },
      { id: "by", header: t("bans.by"), width: "minmax(80px, 0.7fr)", wide: true, className: "mut2", cell: (b) => b.by || node },
      { id: "since", header: t("bans.since"), width: "72px", end: true, wide: true, className: "mut2", cell: (b) => age(Date.parse(b.since), now) },
      {
        id: "until",
        header: t("bans.until"),
        width: "minmax(132px, 0.7fr)",
        end: true,
        cell: (b) => (b.until ? dateTime(Date.parse(b.until)) : t("bans.forever")),
      },
      may && {
        id: "lift",
        header: t("list.actions"),
        width: "64px",
        end: true,
        cell: (b) => <IconButton small icon={Trash2} label={t("bans.remove", { value: b.value })} onPress={() => setLifting(b)} />,
      },
    ];
    return all.filter((column) => column !== false);
    // Ages are as old as five seconds.
  }, [t, may, second, dateTime, age]);
  const lift = async (b: Ban) => {
    await send("DELETE", pathOf(`/bans/${b.kind}`, { value: b.value }));
    toast(t("bans.lifted", { value: b.value }));
    await changed("/bans");
    list.resort();
  };
  return (
    <>
      <div className="pgh">
        <h1>{t("nav.bans")}</h1>
        <span className="mut t12 el hid">{t("bans.lead")}</span>
        <span className="sp" />
        {may && (
          <Button small kind="primary" icon={Plus} onPress={() => setQuery({ add: "client_id" })}>
            {t("bans.add")}
          </Button>
        )}
      </div>
      <FilterBar
        filters={[{ id: "kind", label: t("bans.kind"), options: banKinds.map((id) => ({ id, text: t(`bans.kind.${id}`) })) }]}
        aside={matchText(list, text)}
      >
        <Field
          quiet
          icon={Search}
          label={t("bans.search")}
          placeholder={t("bans.search")}
          value={query.get("search") ?? ""}
          onChange={(value) => setQuery({ search: value || null })}
        />
      </FilterBar>
      <ListFrame
        label={t("nav.bans")}
        list={list}
        keyOf={keyOf}
        columns={columns}
        selected={query.get("row")}
        onSelect={(b) => setQuery({ row: keyOf(b) })}
        filters={names.filter((name) => query.get(name))}
        empty={<Empty title={t("bans.empty")}>{t("bans.empty.what")}</Empty>}
      />
      {adding && may && (
        <BanDialog
          kind={adding}
          value={query.get("value") ?? ""}
          onDone={list.resort}
          onClose={() => setQuery({ add: null, value: null })}
        />
      )}
      {lifting && (
        <Confirm
          title={t("bans.remove.title", { value: lifting.value })}
          verb={t("bans.remove.verb")}
          act={() => lift(lifting)}
          onClose={() => setLifting(null)}
        >
          <p className="t12 mut2">{t("bans.remove.what")}</p>
        </Confirm>
      )}
    </>
  );
}

