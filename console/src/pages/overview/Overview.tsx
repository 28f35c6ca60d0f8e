import { useState } from "react";
import type { Status } from "../../api/types";
import { useDated } from "../../api/fresh";
import { useNodeHistory, useStatus } from "../../api/queries";
import { useText } from "../../i18n/text";
import { PublishHint } from "../../kit/PublishHint";
import { Segmented } from "../../kit/Segmented";
import { Failure, Skeleton, StaleBar } from "../../kit/states";
import { Alarms } from "./Alarms";
import { DropChart } from "./DropChart";
import { Heads } from "./Heads";
import { LatencyChart } from "./LatencyChart";
import { NodePanel } from "./NodePanel";
import { RaceView } from "./RaceView";
import { RateChart } from "./RateChart";
import { Storage } from "./Storage";

const windows = { "5m": 300, "15m": 900, "1h": 3_600 };
type Window = keyof typeof windows;

// A young node has little history: begin with the shortest window that holds it.
function fitting(status: Status | undefined): Window {
  const up = status ? (Date.parse(status.now) - Date.parse(status.started)) / 1000 : Number.POSITIVE_INFINITY;
  return up < windows["5m"] ? "5m" : up < windows["15m"] ? "15m" : "1h";
}

export default function Overview() {
  const { t, span, duration } = useText();
  const status = useStatus();
  const [chosen, setWindow] = useState<Window | null>(null);
  const window = chosen ?? fitting(status.data);
  const history = useNodeHistory(window);
  const { fresh, since } = useDated(history);
  const node = status.data;

  if (!node) {
    return status.error ? <Failure error={status.error} retry={() => void status.refetch()} /> : <Skeleton />;
  }
  const name = span(windows[window]);
  const up = (Date.parse(node.now) - Date.parse(node.started)) / 1000;
  const charts = { history: history.data, seconds: windows[window], name };
  return (
    <>
      <div className="pgh">
        <h1>{t("nav.overview")}</h1>
        <span className="mut t12 hid">
          {node.node}, {t("overview.up", { time: duration(up) })}
        </span>
        <span className="sp" />
        <Segmented
          label={t("overview.window")}
          value={window}
          options={(Object.keys(windows) as Window[]).map((id) => ({ id, text: span(windows[id]) }))}
          onChange={setWindow}
        />
      </div>
      {!fresh && <StaleBar since={since} retry={() => void Promise.all([status.refetch(), history.refetch()])} />}
      <div className={fresh ? "body ov" : "body ov stale"}>
        <section className="card race" aria-label={t("overview.flow")}>
          <Heads status={node} />
          {node.broker.receivedTotal === 0 ? <PublishHint /> : <RaceView status={node} />}
        </section>
        <RateChart {...charts} status={node} />
        <LatencyChart {...charts} status={node} />
        <DropChart {...charts} status={node} />
        <NodePanel status={node} />
        <Alarms alarms={node.alarms} now={Date.parse(node.now)} />
        <Storage status={node} />
      </div>
    </>
  );
}
