import type { StreamStatus } from "../../api/types";
import { useText } from "../../i18n/text";
import { type Figure, Figures } from "../../kit/Figures";
import { slowest } from "./condition";

/** The numbers of one stream. */
export function StreamFigures({ stream: s }: { stream: StreamStatus }) {
  const { t, count, rate, bytes, traffic, millis, percent, duration } = useText();
  const late = slowest(s.readers);
  const kept = s.appendP99 > 0;
  const figures: readonly Figure[] = [
    [t("topics.rate"), `${rate(s.appendedRate)} msg/s`, traffic(s.bytesRate)],
    [t("streams.taken"), count(s.messages), t("streams.taken.what")],
    [t("topics.size"), bytes(s.bytes), s.maxBytes > 0 ? t("streams.share", { share: percent(s.bytes / s.maxBytes), size: bytes(s.maxBytes) }) : t("streams.noBound")],
    [t("streams.append"), kept ? millis(s.appendP50) : t("value.none"), kept ? t("streams.append.p99", { p99: millis(s.appendP99) }) : t("streams.append.none")],
    [t("streams.lag"), late ? duration(late.lag) : t("value.none"), late ? late.name : t(s.readers.length > 0 ? "streams.lag.none" : "streams.readers.none")],
    [t("streams.refused"), count(s.refused), t("streams.pending", { n: s.pending, count: count(s.pending) })],
  ];
  return <Figures figures={figures} />;
}
