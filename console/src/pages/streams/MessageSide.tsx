import { Copy, MessageCircleQuestion } from "lucide-react";
import type { StreamMessage } from "../../api/streams";
import { bytesOf } from "../../data/value";
import { useText } from "../../i18n/text";
import { copyText } from "../../kit/copy";
import { Facts } from "../../kit/Facts";
import { IconButton } from "../../kit/IconButton";
import { PayloadTabs } from "../../kit/PayloadTabs";
import { Side } from "../../kit/Side";
import { address, go } from "../../router";

interface Props {
  stream: string;
  message: StreamMessage;
  onClose: () => void;
}

/** A stored message as it came. */
export function MessageSide({ stream, message: m, onClose }: Props) {
  const { t, dateTime, duration } = useText();
  const about = `${stream}:${m.position}`;
  return (
    <Side
      label={t("read.selected")}
      name={
        <span className="el" title={m.topic}>
          {m.topic}
        </span>
      }
      tools={
        <>
          <IconButton small icon={Copy} label={t("topics.copy")} onPress={() => void copyText(m.topic, t("action.copied"))} />
          <IconButton small icon={MessageCircleQuestion} label={t("story.verb")} onPress={() => go(address("/why", { about }))} />
        </>
      }
      onClose={onClose}
    >
      <PayloadTabs message={{ ...m, size: bytesOf(m.payload, m.encoding).length, truncated: false }} />
      <section>
        <Facts
          facts={[
            [t("streams.position"), m.position],
            [t("topics.received"), dateTime(Date.parse(m.time))],
            [t("read.publisher"), m.publisher || t("value.none")],
            [t("topics.qos"), m.retain ? `${m.qos}, ${t("value.yes")}` : `${m.qos}, ${t("value.no")}`],
            m.expiry ? [t("read.expiry"), duration(m.expiry)] : null,
            m.properties?.contentType ? [t("ws.contentType"), m.properties.contentType] : null,
            m.properties?.responseTopic ? [t("ws.responseTopic"), m.properties.responseTopic] : null,
            m.properties?.user?.length ? [t("ws.userProperties"), m.properties.user.map((pair, at) => <div key={at}>{`${pair.name}=${pair.value}`}</div>)] : null,
          ]}
        />
      </section>
    </Side>
  );
}
