import { useQuery } from "@tanstack/react-query";
import { Trash2 } from "lucide-react";
import { type ComponentProps, type FormEvent, useState } from "react";
import { useDated } from "../../api/fresh";
import { changed, pathOf, type TopicMetric, whole } from "../../api/broker";
import { send } from "../../api/client";
import { useMay } from "../../api/may";
import { useText } from "../../i18n/text";
import { Button } from "../../kit/Button";
import { errorText } from "../../kit/errorText";
import { Field } from "../../kit/Field";
import { IconButton } from "../../kit/IconButton";
import { Panel } from "../../kit/Panel";
import { Failure, Skeleton, StaleBar } from "../../kit/states";
import { Table } from "../../kit/Table";
import { toast } from "../../kit/toast";

type Counts = TopicMetric["in"];
type Column = ComponentProps<typeof Table<TopicMetric>>["columns"][number];

/** Counts of single topic filters, for as long as somebody wants them. */
export function TopicMetricsTab() {
  const text = useText();
  const { t, count, rate, bytes, dateTime } = text;
  const asked = useQuery(whole<TopicMetric>("/topic-metrics", 2_000));
  const { data, error, refetch } = asked;
  const { fresh, since } = useDated(asked);
  const may = useMay("operator");
  const [filter, setFilter] = useState("");
  const tell = (problem: unknown) => toast(errorText(problem, text), true);
  const act = (done: Promise<unknown>) => done.then(() => changed("/topic-metrics")).catch(tell);
  const add = (event: FormEvent) => {
    event.preventDefault();
    void act(send("POST", "/topic-metrics", { filter: filter.trim() }).then(() => setFilter("")));
  };
  const sum = (c: Counts) => (
    <span title={t("metrics.byQos", { qos0: count(c.qos0), qos1: count(c.qos1), qos2: count(c.qos2) })}>
      {count(c.qos0 + c.qos1 + c.qos2)}
    </span>
  );
  const columns: Column[] = [
    { id: "filter", header: t("subs.filter"), cell: (m) => m.filter },
    { id: "inRate", header: t("metrics.inRate"), end: true, cell: (m) => rate(m.inRate) },
    { id: "outRate", header: t("metrics.outRate"), end: true, cell: (m) => rate(m.outRate) },
    { id: "in", header: t("metrics.in"), end: true, cell: (m) => sum(m.in) },
    { id: "out", header: t("metrics.out"), end: true, cell: (m) => sum(m.out) },
    { id: "dropped", header: t("clients.drops"), end: true, cell: (m) => count(m.dropped) },
    { id: "bytes", header: t("metrics.bytes"), end: true, cell: (m) => `${bytes(m.bytesIn)} / ${bytes(m.bytesOut)}` },
    { id: "since", header: t("clients.since"), end: true, cell: (m) => dateTime(Date.parse(m.since)) },
    {
      id: "delete",
      header: t("list.actions"),
      end: true,
      cell: (m) =>
        may && (
          <IconButton
            small
            icon={Trash2}
            label={t("metrics.delete", { filter: m.filter })}
            onPress={() => void act(send("DELETE", pathOf("/topic-metrics", { filter: m.filter })))}
          />
        ),
    },
  ];
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton />;
  return (
    <>
    {!fresh && <StaleBar since={since} retry={() => void refetch()} />}
    <Panel ruled className={fresh ? "" : "stale"} title={t("metrics.title")} tag={<span className="tag">{data.items.length}</span>}>
      {may && (
        <form className="pad r" onSubmit={add}>
          <Field quiet className="wide" label={t("subs.filter")} placeholder="plant/+/temperature" value={filter} onChange={setFilter} />
          <Button small kind="primary" type="submit" isDisabled={filter.trim() === ""}>
            {t("metrics.add")}
          </Button>
        </form>
      )}
      <Table
        label={t("metrics.title")}
        none={t("metrics.none")}
        rows={data.items}
        keyOf={(m) => m.filter}
        columns={columns.filter((column) => may || column.id !== "delete")}
      />
    </Panel>
    </>
  );
}
