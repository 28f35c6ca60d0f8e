import { useMemo } from "react";
import type { Status } from "../../api/types";
import { useText } from "../../i18n/text";
import { Legend } from "../../kit/Legend";
import { Panel } from "../../kit/Panel";
import { TimeChart } from "../../kit/TimeChart";
import { type ChartProps, rowOf, timesOf } from "./charts";

export function LatencyChart({ history, seconds, name, status }: ChartProps & { status: Status }) {
  const { t, millis, axis } = useText();
  const { times, span } = useMemo(() => timesOf(history, seconds), [history, seconds]);
  const data = useMemo(
    () => [times, rowOf(history, "append_p50"), rowOf(history, "append_p99")] as [number[], number[], number[]],
    [history, times],
  );
  const slowest = status.streams.reduce((most, one) => Math.max(most, one.appendP99), 0);
  const median = status.streams.reduce((most, one) => Math.max(most, one.appendP50), 0);
  const lines = [
    { label: "p50", color: 3 },
    { label: "p99", color: 4 },
  ];
  return (
    <Panel
      title={t("overview.latency")}
      className="a2"
      aside={
        <Legend
          items={[
            { ...lines[0], value: millis(median) },
            { ...lines[1], value: millis(slowest) },
          ]}
        />
      }
    >
      {status.streams.length === 0 ? (
        <div className="quiet">{t("overview.latency.none")}</div>
      ) : (
        <TimeChart
          label={t("overview.latency.label", { span: name, p50: millis(median), p99: millis(slowest) })}
          lines={lines}
          data={data}
          span={span}
          fromZero
          left={50}
          format={(v) => `${axis(v)} ms`}
        />
      )}
    </Panel>
  );
}
