import { useQuery } from "@tanstack/react-query";
import { mqttAddress, useSession } from "../api/queries";
import { useText } from "../i18n/text";
import { Empty } from "./states";

/** The first step of a new node: one line that publishes a reading. */
export function PublishHint() {
  const { t } = useText();
  const mayAsk = useSession().data?.role === "administrator";
  const listen = useQuery({ ...mqttAddress, enabled: mayAsk }).data ?? "";
  return (
    <Empty title={t("empty.title")} command={`mosquitto_pub ${target(listen)} -t plant/line-1/temperature -m 21.5`}>
      {t("empty.what")}
    </Empty>
  );
}

// Host and port to publish to: where the node listens, unless that is every address.
function target(listen: string): string {
  const [, host = "", port = ""] = /^(.*):(\d+)$/.exec(listen) ?? [];
  const everywhere = host === "" || host === "0.0.0.0" || host === "[::]";
  const name = everywhere ? location.hostname : host;
  return port && port !== "1883" ? `-h ${name} -p ${port}` : `-h ${name}`;
}
