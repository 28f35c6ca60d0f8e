import type { TopicMessage } from "../../api/types";
import { useText } from "../../i18n/text";

/** What is known of a topic's last message. */
export function TopicFacts({ message, series }: { message: TopicMessage; series: number | undefined }) {
  const { t, dateTime, bytes } = useText();
  const facts: [string, string][] = [
    [t("topics.publisher"), message.publisher || t("value.none")],
    [t("topics.qos"), `${message.qos}, ${t(message.retain ? "value.yes" : "value.no")}`],
    [t("topics.received"), dateTime(Date.parse(message.time))],
    [t("topics.size"), bytes(message.size)],
    [t("topics.stream"), message.stream || t("topics.stream.none")],
    [t("topics.series"), t("topics.series.count", { n: series ?? 0 })],
  ];
  return (
    <section>
      <dl className="kv">
        {facts.map(([name, value]) => (
          <div key={name} className="kvr">
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
