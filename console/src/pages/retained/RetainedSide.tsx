import { useQuery } from "@tanstack/react-query";
import { Copy } from "lucide-react";
import { retainedMessage } from "../../api/broker";
import { Problem } from "../../api/client";
import { useText } from "../../i18n/text";
import { Button } from "../../kit/Button";
import { copyText } from "../../kit/copy";
import { Facts } from "../../kit/Facts";
import { IconButton } from "../../kit/IconButton";
import { PayloadTabs } from "../../kit/PayloadTabs";
import { Side } from "../../kit/Side";
import { Failure, Skeleton } from "../../kit/states";

interface Props {
  topic: string;
  /** Undefined for those who may not delete. */
  onDelete?: () => void;
  onClose: () => void;
}

/** A retained message and its value. */
export function RetainedSide({ topic, onDelete, onClose }: Props) {
  const { t, dateTime, bytes } = useText();
  const { data: m, error, refetch } = useQuery(retainedMessage(topic));
  return (
    <Side
      label={t("retained.selected")}
      name={
        <span className="el" title={topic}>
          {topic}
        </span>
      }
      tools={
        <IconButton small icon={Copy} label={t("topics.copy")} onPress={() => void copyText(topic, t("action.copied"))} />
      }
      onClose={onClose}
    >
      {error && (!m || (error instanceof Problem && error.status === 404)) ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : !m ? (
        <Skeleton rows={5} />
      ) : (
        <>
          <PayloadTabs message={{ ...m, time: m.at }} />
          <section>
            <Facts
              facts={[
                [t("topics.publisher"), m.publisher || t("value.none")],
                ["QoS", m.qos],
                [t("retained.at"), dateTime(Date.parse(m.at))],
                [t("retained.expires"), m.expiresAt ? dateTime(Date.parse(m.expiresAt)) : t("retained.never")],
                [t("topics.size"), bytes(m.size)],
              ]}
            />
          </section>
          {onDelete && (
            <section className="r">
              <span className="sp" />
              <Button small kind="danger" onPress={onDelete}>
                {t("retained.delete.open")}
              </Button>
            </section>
          )}
        </>
      )}
    </Side>
  );
}
