import type { Client, ClientDetail } from "../../api/broker";
import type { Text } from "../../i18n/text";
import { useText } from "../../i18n/text";
import { type Fact, Facts } from "../../kit/Facts";
import { forever } from "./condition";

const transports = { tcp: "TCP", tls: "TLS", ws: "WebSocket", wss: "WebSocket, TLS", unix: "Unix" };

/** How a client is connected and what its session may do. */
export function ClientFacts({ client: c, full }: { client: ClientDetail; full?: boolean }) {
  const text = useText();
  const { t, count, bytes, dateTime, duration } = text;
  const when = (at: string | undefined) => at && dateTime(Date.parse(at));
  const { limits: l, tls, will } = c;
  const facts: Fact[] = [
    [t("clients.protocol"), `MQTT ${c.protocol}, ${tls ? `${transports[c.transport]} ${tls.version}` : transports[c.transport]}`],
    [t("clients.user"), c.user || t("value.none")],
    [t("clients.address"), c.address || t("value.none")],
    [t("clients.listener"), c.listener],
    [t(c.connected ? "clients.connectedAt" : "clients.disconnectedAt"), when(c.connected ? c.connectedAt : c.disconnectedAt)],
    full && [t("clients.cleanStart"), t(c.cleanStart ? "value.yes" : "value.no")],
    [t("clients.session"), sessionText(c, text)],
    !c.connected && c.expiresAt ? [t("clients.expiresAt"), when(c.expiresAt)] : null,
    [t("clients.keepAlive"), c.keepAlive === 0 ? t("value.none") : duration(c.keepAlive)],
    c.connected && [t("clients.receiveMaximum"), t("clients.bothWays", { out: count(l.clientReceiveMaximum), in: count(l.receiveMaximum) })],
    full && [
      t("clients.maxPacket"),
      t("clients.bothWays", {
        out: l.clientMaxPacketSize ? bytes(l.clientMaxPacketSize) : t("clients.any"),
        in: bytes(l.maxPacketSize),
      }),
    ],
    full && [t("clients.aliases"), t("clients.bothWays", { out: count(l.aliasesOut), in: count(l.aliasesIn) })],
    full && !l.log && [t("clients.queueLimit"), t("clients.queueLimit.of", { n: l.queue, count: count(l.queue), bytes: bytes(l.queueBytes) })],
    [t("clients.subscriptions"), count(c.subscriptions)],
    [t("clients.will"), will ? `${will.topic}, QoS ${will.qos}${will.delay ? `, ${duration(will.delay)}` : ""}` : t("value.none")],
    full && tls?.subject ? [t("clients.certificate"), tls.subject] : null,
    full && tls?.notAfter ? [t("clients.certificate.until"), when(tls.notAfter)] : null,
    full && tls ? [t("clients.cipher"), tls.cipher] : null,
    full && tls?.serverName ? [t("clients.serverName"), tls.serverName] : null,
  ];
  return <Facts facts={facts} />;
}

function sessionText(c: Client, { t, duration }: Text): string {
  if (c.sessionExpiry === 0) return t("clients.session.clean");
  if (c.sessionExpiry >= forever) return t("clients.session.forever");
  return t("clients.session.for", { time: duration(c.sessionExpiry) });
}
