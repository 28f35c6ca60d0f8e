// What waits for a client, and what bounds it.
import type { ClientDetail } from "../../api/broker";
import type { Text } from "../../i18n/text";

/** How many messages it may have under way. Of who is away that is of a connection that is no more, or not known. */
export function windowText({ connected, limits }: ClientDetail, { t, count }: Text): string {
  const window = limits.clientReceiveMaximum;
  return connected && window > 0 ? t("clients.ofWindow", { count: count(window) }) : "";
}

/** The bytes that wait and their bounds: of a session that lasts those of the log, of each stream. */
export function boundsText({ queuedBytes, limits }: ClientDetail, { t, count, bytes, span }: Text): string {
  const { log } = limits;
  if (!log) return t("clients.ofQueue", { count: count(limits.queue), bytes: bytes(queuedBytes) });
  const bounds = [
    log.bytes > 0 && bytes(log.bytes),
    log.messages > 0 && t("clients.inLog.messages", { n: log.messages, count: count(log.messages) }),
    log.age > 0 && span(log.age),
  ].filter(Boolean);
  if (bounds.length === 0) return t("clients.inLog.all", { bytes: bytes(queuedBytes) });
  return t("clients.inLog", { bytes: bytes(queuedBytes), bounds: bounds.join(", ") });
}
