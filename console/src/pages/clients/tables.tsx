import { useMemo, useState } from "react";
import { Search } from "lucide-react";
import type { ClientDetail, Subscription } from "../../api/broker";
import type { Text } from "../../i18n/text";
import { useText } from "../../i18n/text";
import { Field } from "../../kit/Field";
import { Table } from "../../kit/Table";
import { filterMatches } from "../../data/topicFilter";

/** The options of a subscription in words. */
export function optionsText(s: Subscription, { t }: Text): string {
  const words = [
    s.share && t("subs.shared", { name: s.share }),
    s.noLocal && t("subs.noLocal"),
    s.retainAsPublished && t("subs.retainAsPublished"),
    s.retainHandling === 1 && t("subs.retainNew"),
    s.retainHandling === 2 && t("subs.retainNever"),
    s.id && t("subs.identifier", { id: s.id }),
  ].filter(Boolean);
  return words.join(", ") || t("value.nones");
}

export function SubscribedTable({ client }: { client: ClientDetail }) {
  const text = useText();
  const { t } = text;
  const [topic, setTopic] = useState("");
  const rows = useMemo(
    () => client.subscribed.filter((s) => topic === "" || filterMatches(s.filter, topic)),
    [client.subscribed, topic],
  );
  return (
    <>
      {client.subscribed.length > 1 && (
        <div className="pad">
          <Field quiet icon={Search} label={t("clients.wouldReceive")} placeholder={t("clients.wouldReceive")} value={topic} onChange={setTopic} />
        </div>
      )}
      <Table
        label={t("clients.subscriptions")}
        none={t(topic ? "clients.subs.noMatch" : "clients.subs.none")}
        rows={rows}
        keyOf={(s) => s.filter}
        columns={[
          { id: "filter", header: t("subs.filter"), cell: (s) => s.filter },
          { id: "qos", header: "QoS", cell: (s) => s.qos },
          { id: "options", header: t("subs.options"), cell: (s) => <span className="mut2">{optionsText(s, text)}</span> },
        ]}
      />
    </>
  );
}

export function FlightTable({ client, now }: { client: ClientDetail; now: number }) {
  const { t, age } = useText();
  return (
    <Table
      label={t("clients.inflightTitle")}
      none={t("clients.flights.none")}
      rows={client.flights}
      keyOf={(f) => `${f.direction}${f.packetId}`}
      columns={[
        { id: "id", header: t("clients.packetId"), cell: (f) => f.packetId },
        { id: "direction", header: t("clients.direction"), cell: (f) => t(`clients.direction.${f.direction}`) },
        { id: "awaits", header: t("clients.awaits"), cell: (f) => f.awaits },
        { id: "topic", header: t("topics.topic"), cell: (f) => f.topic || <span className="mut">{t("clients.unknown")}</span> },
        { id: "qos", header: "QoS", cell: (f) => f.qos },
        { id: "since", header: t("topics.age"), end: true, cell: (f) => (f.since ? age(Date.parse(f.since), now) : t("clients.unknown")) },
      ]}
    />
  );
}

export function QueueTable({ client, now }: { client: ClientDetail; now: number }) {
  const { t, age, bytes, count } = useText();
  return (
    <>
      <Table
        label={t("clients.queue")}
        none={t("clients.queue.none")}
        rows={client.queue}
        keyOf={(_, i) => String(i)}
        columns={[
          { id: "topic", header: t("topics.topic"), cell: (m) => m.topic },
          { id: "qos", header: "QoS", cell: (m) => m.qos },
          { id: "size", header: t("topics.size"), end: true, cell: (m) => bytes(m.size) },
          { id: "since", header: t("topics.age"), end: true, cell: (m) => (m.since ? age(Date.parse(m.since), now) : t("clients.unknown")) },
        ]}
      />
      {client.queued > client.queue.length && (
        <p className="pad t11 mut">{t("clients.queue.first", { shown: client.queue.length, count: count(client.queued) })}</p>
      )}
    </>
  );
}
