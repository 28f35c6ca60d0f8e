import type { StreamStatus } from "../../api/types";
import { useText } from "../../i18n/text";
import { Facts } from "../../kit/Facts";
import { retentionText } from "./words";

/** What a stream takes, from where to where it reaches, and who made it. */
export function StreamFacts({ stream: s }: { stream: StreamStatus }) {
  const text = useText();
  const { t, rate, bytes, traffic, millis, dateTime } = text;
  const place = (position: string, time: string | undefined) =>
    time ? `${position}, ${dateTime(Date.parse(time))}` : t("value.nones");
  return (
    <Facts
      facts={[
        [t("streams.takes"), s.builtIn ? t("streams.own") : s.filters.map((filter) => <div key={filter}>{filter}</div>)],
        [t("topics.rate"), `${rate(s.appendedRate)} msg/s, ${traffic(s.bytesRate)}`],
        [t("topics.size"), bytes(s.bytes)],
        [t("streams.keeps"), retentionText(s, text)],
        [t("streams.oldest"), place(s.first, s.firstTime)],
        [t("streams.newest"), place(s.last, s.lastTime)],
        [t("streams.append"), s.appendP99 > 0 ? t("streams.append.of", { p50: millis(s.appendP50), p99: millis(s.appendP99) }) : t("streams.append.none")],
        [t("streams.origin"), t(`streams.origin.${s.origin}`)],
        s.by ? [t("streams.by"), s.by] : null,
        s.created ? [t("streams.created"), dateTime(Date.parse(s.created))] : null,
        s.before ? [t("streams.before"), s.before] : null,
      ]}
    />
  );
}
