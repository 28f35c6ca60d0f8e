import { useQuery } from "@tanstack/react-query";
import { Pencil, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { useAlone } from "../../api/fresh";
import { useMay } from "../../api/may";
import { type ConsumerGroup, deleteGroup, groupsOf } from "../../api/streams";
import { useText } from "../../i18n/text";
import { Button } from "../../kit/Button";
import { Confirm } from "../../kit/Confirm";
import { IconButton } from "../../kit/IconButton";
import { Panel } from "../../kit/Panel";
import { Failure, Skeleton, StaleBar } from "../../kit/states";
import { Table } from "../../kit/Table";
import { GroupDialog } from "./GroupDialog";
import { placeText } from "./words";

/** Programs that share the work on the stream, and how far they are. */
export function GroupsPanel({ stream }: { stream: string }) {
  const text = useText();
  const { t, count, duration } = text;
  const may = useMay("operator");
  const asked = useQuery(groupsOf(stream));
  const { data, error, refetch } = asked;
  const { alone, since } = useAlone(asked);
  const [dialog, setDialog] = useState<{ group?: ConsumerGroup; ends?: boolean } | null>(null);
  const close = () => setDialog(null);
  return (
    <Panel
      ruled
      className={alone ? "stale" : ""}
      title={t("groups.title")}
      tag={data && <span className="tag">{count(data.items.length)}</span>}
      aside={
        may && (
          <Button small icon={Plus} onPress={() => setDialog({})}>
            {t("groups.add")}
          </Button>
        )
      }
    >
      {data && alone && <StaleBar since={since} retry={() => void refetch()} />}
      {!data ? (
        error ? <Failure error={error} retry={() => void refetch()} /> : <Skeleton rows={2} />
      ) : (
        <Table
          label={t("groups.title")}
          none={t("groups.none")}
          rows={data.items}
          keyOf={(g) => g.name}
          columns={[
            { id: "name", header: t("groups.name"), cell: (g) => (g.hold ? <>{g.name} <span className="tag">{t("groups.holds")}</span></> : g.name) },
            { id: "filter", header: t("subs.filter"), cell: (g) => g.filter || <span className="mut">{t("groups.all")}</span> },
            { id: "position", header: t("streams.position"), cell: (g) => placeText(g.position, text) },
            { id: "behind", header: t("streams.entries"), end: true, cell: (g) => count(g.behind) },
            { id: "lag", header: t("streams.lag"), end: true, cell: (g) => (g.behind > 0 ? duration(g.lag) : t("value.none")) },
            { id: "out", header: t("groups.inFlight"), end: true, cell: (g) => t("groups.ofMost", { count: count(g.inFlight), most: count(g.maxInFlight) }) },
            { id: "acked", header: t("groups.acked"), end: true, cell: (g) => count(g.acked) },
            { id: "again", header: t("groups.redelivered"), end: true, cell: (g) => count(g.redelivered) },
            {
              id: "lost",
              header: t("groups.lost"),
              end: true,
              cell: (g) => (
                <span title={t("groups.lost.of", { givenUp: count(g.givenUp), lost: count(g.lost), n: g.lostEntries, entries: count(g.lostEntries) })}>
                  {count(g.givenUp + g.lost + g.lostEntries)}
                </span>
              ),
            },
            ...(may
              ? [
                  {
                    id: "act",
                    header: t("list.actions"),
                    end: true,
                    cell: (g: ConsumerGroup) => (
                      <span className="acts">
                        <IconButton small icon={Pencil} label={t("groups.change", { name: g.name })} onPress={() => setDialog({ group: g })} />
                        <IconButton small icon={Trash2} label={t("groups.delete", { name: g.name })} onPress={() => setDialog({ group: g, ends: true })} />
                      </span>
                    ),
                  },
                ]
              : []),
          ]}
        />
      )}
      {dialog && !dialog.ends && <GroupDialog stream={stream} group={dialog.group} onClose={close} />}
      {dialog?.ends && dialog.group && (
        <Confirm
          danger
          title={t("groups.delete.title", { name: dialog.group.name })}
          verb={t("groups.delete.verb")}
          act={() => deleteGroup(stream, dialog.group?.name ?? "")}
          onClose={close}
        >
          <p className="t12 mut2">{t("groups.delete.what", { n: dialog.group.inFlight, count: count(dialog.group.inFlight) })}</p>
        </Confirm>
      )}
    </Panel>
  );
}
