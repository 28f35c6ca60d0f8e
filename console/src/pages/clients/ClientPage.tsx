import { useQuery } from "@tanstack/react-query";
import { Ban, MessageCircleQuestion, Route, Unplug } from "lucide-react";
import { useState } from "react";
import { type ClientDetail, clientDetail } from "../../api/broker";
import { useDated } from "../../api/fresh";
import { Problem } from "../../api/client";
import { useMay } from "../../api/may";
import { useStatus } from "../../api/queries";
import { useText } from "../../i18n/text";
import { Button } from "../../kit/Button";
import { Glyph } from "../../kit/Glyph";
import { Link } from "../../kit/Link";
import { Panel } from "../../kit/Panel";
import { Failure, Skeleton, StaleBar } from "../../kit/states";
import { address, go, usePlace } from "../../router";
import { TraceDialog } from "../diagnostics/TraceDialog";
import { ClientFacts } from "./ClientFacts";
import { ClientFigures } from "./ClientFigures";
import { conditionOf } from "./condition";
import { KickDialog } from "./KickDialog";
import { FlightTable, QueueTable, SubscribedTable } from "./tables";
import { WhyNote } from "./Why";

/** One client, with all that belongs to its session. */
export default function ClientPage() {
  const { t } = useText();
  const id = usePlace().query.get("id") ?? "";
  const asked = useQuery(clientDetail(id));
  const { data: c, error, refetch } = asked;
  const { fresh, since } = useDated(asked);
  const gone = error instanceof Problem && error.status === 404;
  return (
    <>
      <div className="pgh one">
        <Link className="crumb" to="/clients">
          {t("nav.clients")}
        </Link>
        <span className="mut">/</span>
        <h1 className="el">{id}</h1>
        {c && !gone && <State client={c} />}
        <span className="sp" />
        {c && !gone && <Actions client={c} />}
      </div>
      {c && !gone && !fresh && <StaleBar since={since} retry={() => void refetch()} />}
      {error && (gone || !c) ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : c ? (
        <Body client={c} stale={!fresh} />
      ) : (
        <Skeleton rows={10} />
      )}
    </>
  );
}

function useNow(): number {
  return Date.now() + (useStatus().data?.offset ?? 0);
}

function State({ client: c }: { client: ClientDetail }) {
  const { t, duration } = useText();
  const now = useNow();
  const at = Date.parse((c.connected ? c.connectedAt : c.disconnectedAt) ?? "");
  const condition = conditionOf(c, now);
  const time = duration((now - at) / 1000);
  return (
    <span className={condition === "p3" ? "tag p3" : "tag"}>
      <Glyph condition={condition} />
      {Number.isNaN(at) ? t(c.connected ? "clients.state.connected" : "clients.state.disconnected") : t(c.connected ? "clients.up" : "clients.away", { time })}
    </span>
  );
}

function Actions({ client: c }: { client: ClientDetail }) {
  const { t } = useText();
  const may = useMay("operator");
  const [dialog, setDialog] = useState<"kick" | "forget" | "trace" | null>(null);
  const close = () => setDialog(null);
  const why = (
    <Button small icon={MessageCircleQuestion} onPress={() => go(address("/why", { client: c.id }))}>
      {t("story.verb")}
    </Button>
  );
  if (!may) return why;
  return (
    <>
      {why}
      <Button small icon={Route} onPress={() => setDialog("trace")}>
        {t("trace.verb")}
      </Button>
      <Button small icon={Ban} onPress={() => go(address("/bans", { add: "client_id", value: c.id }))}>
        {t("bans.verb")}
      </Button>
      {c.connected && (
        <Button small kind="danger" icon={Unplug} onPress={() => setDialog("kick")}>
          {t("kick.open")}
        </Button>
      )}
      {c.sessionExpiry > 0 && (
        <Button small kind="danger" onPress={() => setDialog("forget")}>
          {t("kick.forget")}
        </Button>
      )}
      {dialog === "trace" && <TraceDialog value={c.id} onClose={close} />}
      {(dialog === "kick" || dialog === "forget") && (
        <KickDialog ids={[c.id]} session={dialog === "forget"} onClose={close} onDone={() => go("/clients")} />
      )}
    </>
  );
}

function Body({ client: c, stale }: { client: ClientDetail; stale: boolean }) {
  const { t, count } = useText();
  const now = useNow();
  return (
    <div className={stale ? "body cl stale" : "body cl"}>
      <div className="clw">
        <WhyNote client={c} now={now} />
        <ClientFigures client={c} now={now} />
        <Panel ruled title={t("clients.subscriptions")} tag={<span className="tag">{count(c.subscriptions)}</span>}>
          <SubscribedTable client={c} />
        </Panel>
        <Panel ruled title={t("clients.inflightTitle")} tag={<span className="tag">{count(c.flights.length)}</span>}>
          <FlightTable client={c} now={now} />
        </Panel>
        <Panel ruled title={t("clients.queue")} tag={<span className="tag">{count(c.queued)}</span>}>
          <QueueTable client={c} now={now} />
        </Panel>
      </div>
      <Panel title={t("clients.sessionTitle")} className="clf">
        <div className="pad">
          <ClientFacts client={c} full />
        </div>
      </Panel>
    </div>
  );
}
