import { Send } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import { useText } from "../../i18n/text";
import { Button } from "../../kit/Button";
import { Check } from "../../kit/Check";
import { Field } from "../../kit/Field";
import { Panel } from "../../kit/Panel";
import { QosChoice } from "./QosChoice";
import { type QoS, readPairs } from "./session";
import type { Mqtt } from "./useMqtt";

export function PublishPanel({ mqtt, five }: { mqtt: Mqtt; five: boolean }) {
  const { t } = useText();
  const id = useId();
  const [topic, setTopic] = useState("plant/test");
  const [payload, setPayload] = useState('{"temperature": 21.5}');
  const [qos, setQos] = useState<QoS>(0);
  const [retain, setRetain] = useState(false);
  const [more, setMore] = useState(false);
  const [contentType, setContentType] = useState("");
  const [responseTopic, setResponseTopic] = useState("");
  const [expiry, setExpiry] = useState("");
  const [pairs, setPairs] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void mqtt.publish({
      topic: topic.trim(),
      payload,
      qos,
      retain,
      contentType,
      responseTopic,
      expiry: Math.max(0, Math.floor(Number(expiry)) || 0),
      userProperties: readPairs(pairs),
    });
  };
  return (
    <Panel title={t("ws.publish")} ruled>
      <form className="form pad" onSubmit={submit}>
        <Field label={t("topics.topic")} value={topic} onChange={setTopic} />
        <div className="field">
          <label htmlFor={`${id}p`}>{t("payload.title")}</label>
          <textarea id={`${id}p`} className="mono area" rows={3} value={payload} onChange={(event) => setPayload(event.target.value)} />
        </div>
        {five && more && (
          <div className="form">
            <div className="three">
              <Field label={t("ws.contentType")} placeholder="application/json" value={contentType} onChange={setContentType} />
              <Field label={t("ws.responseTopic")} value={responseTopic} onChange={setResponseTopic} />
              <Field label={t("ws.messageExpiry")} inputMode="numeric" value={expiry} onChange={setExpiry} />
            </div>
            <div className="field">
              <label htmlFor={`${id}u`}>{t("ws.userProperties")}</label>
              <textarea id={`${id}u`} className="mono area" rows={2} placeholder="unit=bar" value={pairs} onChange={(event) => setPairs(event.target.value)} />
            </div>
          </div>
        )}
        <div className="r wrap">
          <QosChoice label={t("ws.qosPublish")} value={qos} onChange={setQos} />
          <Check label={t("ws.retain")} on={retain} onChange={setRetain} />
          {five && (
            <Button small kind="ghost" aria-expanded={more} onPress={() => setMore(!more)}>
              {t("ws.properties")}
            </Button>
          )}
          <span className="sp" />
          <Button small kind="primary" type="submit" icon={Send} isDisabled={mqtt.phase !== "on" || topic.trim() === ""}>
            {t("ws.publish.verb")}
          </Button>
        </div>
      </form>
    </Panel>
  );
}
