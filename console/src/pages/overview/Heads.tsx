import type { Status } from "../../api/types";
import { useText } from "../../i18n/text";
import { Glyph } from "../../kit/Glyph";
import { Metric } from "./Metric";

/** The five numbers that say whether the water runs. */
export function Heads({ status }: { status: Status }) {
  const { t, count, traffic, duration } = useText();
  const { broker, historian } = status;
  const dropped = status.dropped.reduce((sum, one) => sum + one.total, 0);
  const spilling = broker.droppedRate >= 0.05;
  return (
    <dl className="heads">
      <Metric
        name={t("overview.connections")}
        value={{ value: count(broker.connections), prefix: "" }}
        aside={t("overview.subscriptions", { n: broker.subscriptions, count: count(broker.subscriptions) })}
      />
      <Metric name={t("overview.in")} rate={broker.receivedRate} unit="msg/s" aside={traffic(broker.bytesInRate)} />
      <Metric name={t("overview.out")} rate={broker.sentRate} unit="msg/s" aside={traffic(broker.bytesOutRate)} />
      <Metric
        name={t("overview.stored")}
        rate={historian.pointsRate}
        unit="pts/s"
        aside={t("overview.lag", { time: duration(historian.lag) })}
      />
      <Metric
        name={t("overview.dropped")}
        glyph={spilling ? <Glyph condition="p3" /> : undefined}
        rate={broker.droppedRate}
        unit="msg/s"
        aside={t("overview.dropped.since", { count: count(dropped) })}
      />
    </dl>
  );
}
