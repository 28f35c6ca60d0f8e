import { useQuery } from "@tanstack/react-query";
import { Download, Plus, Square, Trash2 } from "lucide-react";
import { useState } from "react";
import { useDated } from "../../api/fresh";
import { changed, type Trace, traceFile, whole } from "../../api/broker";
import { send } from "../../api/client";
import { useStatus } from "../../api/queries";
import type { Text } from "../../i18n/text";
import { useText } from "../../i18n/text";
import { Button } from "../../kit/Button";
import { Confirm } from "../../kit/Confirm";
import { errorText } from "../../kit/errorText";
import { Glyph } from "../../kit/Glyph";
import { IconButton } from "../../kit/IconButton";
import { Panel } from "../../kit/Panel";
import { Failure, Skeleton, StaleBar } from "../../kit/states";
import { Table } from "../../kit/Table";
import { toast } from "../../kit/toast";
import { TraceDialog } from "./TraceDialog";

const pathTo = (name: string) => `/traces/${encodeURIComponent(name)}`;

/** What is being written down of clients, topics and addresses. */
export function TracesTab() {
  const text = useText();
  const { t, count, bytes } = text;
  const asked = useQuery(whole<Trace>("/traces", 2_000));
  const { data, error, refetch } = asked;
  const { fresh, since } = useDated(asked);
  const now = Date.now() + (useStatus().data?.offset ?? 0);
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<string | null>(null);
  const stop = (name: string) =>
    send("POST", `${pathTo(name)}/stop`)
      .then(() => changed("/traces"))
      .catch((problem: unknown) => toast(errorText(problem, text), true));
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton />;
  return (
    <>
      {!fresh && <StaleBar since={since} retry={() => void refetch()} />}
      <Panel
        ruled
        className={fresh ? "" : "stale"}
        title={t("trace.title")}
        tag={<span className="tag">{data.items.length}</span>}
        aside={
          <Button small icon={Plus} onPress={() => setAdding(true)}>
            {t("trace.add")}
          </Button>
        }
      >
        <Table
          label={t("trace.title")}
          none={t("trace.none")}
          rows={data.items}
          keyOf={(one) => one.name}
          columns={[
            {
              id: "name",
              header: t("trace.name"),
              cell: (one) => (
                <span className="st">
                  <Glyph condition={one.state === "running" ? "run" : "wait"} />
                  {one.name}
                </span>
              ),
            },
            { id: "of", header: t("trace.of"), cell: (one) => `${t(`trace.kind.${one.kind}`)} ${one.value}` },
            { id: "format", header: t("trace.format"), cell: (one) => t(`trace.format.${one.format}`) },
            { id: "state", header: t("clients.state"), cell: (one) => stateText(one, now, text) },
            { id: "packets", header: t("trace.packets"), end: true, cell: (one) => count(one.packets) },
            { id: "bytes", header: t("topics.size"), end: true, cell: (one) => bytes(one.bytes) },
            {
              id: "act",
              header: t("list.actions"),
              end: true,
              cell: (one) => (
                <span className="acts">
                  {one.state === "running" && (
                    <IconButton small icon={Square} label={t("trace.stop", { name: one.name })} onPress={() => void stop(one.name)} />
                  )}
                  <a className="ib s" href={traceFile(one.name)} download={one.file} aria-label={t("trace.download", { name: one.name })}>
                    <Download className="i" aria-hidden />
                  </a>
                  <IconButton small icon={Trash2} label={t("trace.delete", { name: one.name })} onPress={() => setRemoving(one.name)} />
                </span>
              ),
            },
          ]}
        />
      </Panel>
      {adding && <TraceDialog onClose={() => setAdding(false)} />}
      {removing && (
        <Confirm
          danger
          title={t("trace.delete.title", { name: removing })}
          verb={t("trace.delete.verb")}
          act={() => send("DELETE", pathTo(removing)).then(() => changed("/traces"))}
          onClose={() => setRemoving(null)}
        >
          <p className="t12 mut2">{t("trace.delete.what")}</p>
        </Confirm>
      )}
    </>
  );
}

function stateText(one: Trace, now: number, { t, duration, count }: Text): string {
  const missed = one.missed > 0 ? `, ${t("trace.missed", { n: one.missed, count: count(one.missed) })}` : "";
  if (one.state === "running") {
    return t("trace.running", { time: duration((Date.parse(one.until) - now) / 1000) }) + missed;
  }
  const known = ["asked", "size", "time", "disk", "shutdown"] as const;
  const why = known.find((word) => word === one.ended);
  return (why ? t(`trace.ended.${why}`) : t("trace.stopped")) + missed;
}
