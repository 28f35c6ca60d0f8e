import { useQuery } from "@tanstack/react-query";
import { Maximize2, Route } from "lucide-react";
import { useState } from "react";
import { clientDetail } from "../../api/broker";
import { Problem } from "../../api/client";
import { useMay } from "../../api/may";
import { useText } from "../../i18n/text";
import { Button } from "../../kit/Button";
import { Gauge } from "../../kit/Gauge";
import { Glyph } from "../../kit/Glyph";
import { IconButton } from "../../kit/IconButton";
import { Side } from "../../kit/Side";
import { Failure, Skeleton } from "../../kit/states";
import { address, go } from "../../router";
import { TraceDialog } from "../diagnostics/TraceDialog";
import { boundsText } from "./backlog";
import { ClientFacts } from "./ClientFacts";
import { byTopic, conditionOf } from "./condition";
import { KickDialog } from "./KickDialog";
import { WhyNote } from "./Why";

interface Props {
  id: string;
  now: number;
  onChanged: () => void;
  onClose: () => void;
}

/** One client beside the list. */
export function ClientSide({ id, now, onChanged, onClose }: Props) {
  const text = useText();
  const { t, count, bytes, duration } = text;
  const { data, error, refetch } = useQuery(clientDetail(id));
  const c = error instanceof Problem && error.status === 404 ? undefined : data;
  const [dialog, setDialog] = useState<"kick" | "forget" | "trace" | null>(null);
  const may = useMay("operator");
  const since = c && Date.parse((c.connected ? c.connectedAt : c.disconnectedAt) ?? "");
  const topics = byTopic(c?.queue ?? []).slice(0, 5);
  return (
    <Side
      label={t("clients.selected")}
      name={
        <>
          {c && <Glyph condition={conditionOf(c, now)} />}
          <span className="el" title={id}>
            {id}
          </span>
        </>
      }
      lead={c && since && t(c.connected ? "clients.up" : "clients.away", { time: duration((now - since) / 1000) })}
      tools={<IconButton small icon={Maximize2} label={t("clients.open")} onPress={() => go(address("/client", { id }))} />}
      onClose={onClose}
    >
      {!c ? (
        error ? <Failure error={error} retry={() => void refetch()} /> : <Skeleton rows={6} />
      ) : (
        <>
          <div className="why">
            <WhyNote client={c} now={now} />
          </div>
          <section>
            <h2>{t("clients.backlog")}</h2>
            {c.limits.log ? (
              <p className="t12">{t("clients.inLog.of", { n: c.queued, count: count(c.queued), rest: boundsText(c, text) })}</p>
            ) : (
              <div className="bk">
                <Gauge
                  label={t("clients.backlog")}
                  share={c.limits.queue ? c.queued / c.limits.queue : 0}
                  condition={c.limits.queue && c.queued >= c.limits.queue ? "p3" : undefined}
                />
                <span className="t12">
                  {t("clients.backlog.of", { queued: count(c.queued), limit: count(c.limits.queue), bytes: bytes(c.queuedBytes) })}
                </span>
              </div>
            )}
          </section>
          <section>
            <ClientFacts client={c} />
          </section>
          {topics.length > 0 && (
            <section>
              <h2>{t("clients.byTopic")}</h2>
              <dl className="kv">
                {topics.map((one) => (
                  <div key={one.topic} className="kvr">
                    <dt className="el">{one.topic}</dt>
                    <dd>{count(one.count)}</dd>
                  </div>
                ))}
              </dl>
            </section>
          )}
          {may && (
            <section className="r">
              <Button small icon={Route} onPress={() => setDialog("trace")}>
                {t("trace.verb")}
              </Button>
              <span className="sp" />
              {c.connected ? (
                <Button small kind="danger" onPress={() => setDialog("kick")}>
                  {t("kick.open")}
                </Button>
              ) : (
                <Button small kind="danger" onPress={() => setDialog("forget")}>
                  {t("kick.forget")}
                </Button>
              )}
            </section>
          )}
        </>
      )}
      {(dialog === "kick" || dialog === "forget") && (
        <KickDialog ids={[id]} session={dialog === "forget"} onDone={onChanged} onClose={() => setDialog(null)} />
      )}
      {dialog === "trace" && <TraceDialog value={id} onClose={() => setDialog(null)} />}
    </Side>
  );
}
