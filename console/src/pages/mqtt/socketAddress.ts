import type { Listener } from "../../api/broker";

/** Where a browser on this page most likely reaches MQTT over WebSocket. */
export function socketAddress(
  listeners: readonly Listener[] | undefined,
  page: Pick<Location, "protocol" | "hostname">,
): string {
  const secure = page.protocol === "https:";
  const kind = secure ? "wss" : "ws";
  const found = listeners?.find((one) => one.kind === kind);
  const port = /:(\d+)$/.exec(found?.address ?? "")?.[1] ?? (secure ? "8084" : "8083");
  return `${kind}://${page.hostname}:${port}/mqtt`;
}
