import { useText } from "../i18n/text";
import { Empty } from "./states";

/** The first step of a new node: one line that publishes a reading. */
export function PublishHint() {
  const { t } = useText();
  return (
    <Empty
      title={t("empty.title")}
      command={`mosquitto_pub -h ${location.hostname} -t plant/line-1/temperature -m 21.5`}
    >
      {t("empty.what")}
    </Empty>
  );
}
