import type { ClientDetail } from "../../api/broker";
import { useText } from "../../i18n/text";
import { type Figure, Figures } from "../../kit/Figures";
import { boundsText, windowText } from "./backlog";

/** The numbers of one client. */
export function ClientFigures({ client: c, now }: { client: ClientDetail; now: number }) {
  const text = useText();
  const { t, count, rate, bytes, age, fault } = text;
  const e = c.lastError;
  const dropped = c.droppedBy.map((by) => `${count(by.count)} ${fault(by.reason, by.reason)}; `).join("");
  const figures: readonly Figure[] = [
    [t("clients.published"), `${rate(c.inRate)} msg/s`, t("clients.total", { count: count(c.messagesIn), bytes: bytes(c.bytesIn) })],
    [t("clients.sent"), `${rate(c.outRate)} msg/s`, t("clients.total", { count: count(c.messagesOut), bytes: bytes(c.bytesOut) })],
    [t("clients.inflight"), count(c.inflight), windowText(c, text)],
    [t("clients.backlog"), count(c.queued), boundsText(c, text)],
    [t("clients.output"), bytes(c.outputBytes), t("clients.output.what")],
    [t("clients.drops"), count(c.dropped), dropped + (e ? `${fault(e.reason, e.reason)}, ${e.code}, ${age(Date.parse(e.at), now)}` : t("clients.noError"))],
  ];
  return <Figures figures={figures} />;
}
