import { useMemo } from "react";
import type { Status } from "../../api/types";
import { useText } from "../../i18n/text";
import { Legend } from "../../kit/Legend";
import { Panel } from "../../kit/Panel";
import { TimeChart } from "../../kit/TimeChart";
import { type ChartProps, rowOf, timesOf } from "./charts";

export function RateChart({ history, seconds, name, status }: ChartProps & { status: Status }) {
  const { t, rate, axis } = useText();
  const { times, span } = useMemo(() => timesOf(history, seconds), [history, seconds]);
  const data = useMemo(
    () => [times, rowOf(history, "received"), rowOf(history, "sent")] as [number[], number[], number[]],
    [history, times],
  );
  const values = { in: rate(status.broker.receivedRate), out: rate(status.broker.sentRate) };
  const lines = [
    { label: t("overview.in"), color: 1, area: true },
    { label: t("overview.out"), color: 3 },
  ];
  return (
    <Panel
      title={t("overview.rate")}
      className="a1"
      aside={
        <Legend
          items={[
            { ...lines[0], value: `${values.in}/s` },
            { ...lines[1], value: `${values.out}/s` },
          ]}
        />
      }
    >
      <TimeChart
        label={t("overview.rate.label", { span: name, ...values })}
        lines={lines}
        data={data}
        span={span}
        fromZero
        format={axis}
      />
    </Panel>
  );
}
