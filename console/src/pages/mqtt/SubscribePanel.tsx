import { X } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useText } from "../../i18n/text";
import { Button } from "../../kit/Button";
import { Check } from "../../kit/Check";
import { Field } from "../../kit/Field";
import { IconButton } from "../../kit/IconButton";
import { Panel } from "../../kit/Panel";
import { QosChoice } from "./QosChoice";
import type { QoS } from "./session";
import type { Mqtt } from "./useMqtt";

export function SubscribePanel({ mqtt, five }: { mqtt: Mqtt; five: boolean }) {
  const { t } = useText();
  const [filter, setFilter] = useState("#");
  const [qos, setQos] = useState<QoS>(0);
  const [noLocal, setNoLocal] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void mqtt.subscribe(filter.trim(), qos, five && noLocal);
  };
  return (
    <Panel title={t("ws.subscriptions")} ruled>
      <form className="form pad" onSubmit={submit}>
        <Field label={t("subs.filter")} value={filter} onChange={setFilter} />
        <div className="r">
          <QosChoice label={t("ws.qos")} value={qos} onChange={setQos} />
          {five && <Check label={t("subs.noLocal")} on={noLocal} onChange={setNoLocal} />}
          <span className="sp" />
          <Button small type="submit" isDisabled={mqtt.phase !== "on" || filter.trim() === ""}>
            {t("ws.subscribe")}
          </Button>
        </div>
      </form>
      {mqtt.filters.length > 0 && (
        <ul className="subl">
          {mqtt.filters.map((one) => (
            <li key={one.filter}>
              <span className="el">{one.filter}</span>
              <span className="sp" />
              <span className="t11 mut">QoS {one.qos}</span>
              <IconButton small icon={X} label={t("ws.unsubscribe", { filter: one.filter })} onPress={() => void mqtt.unsubscribe(one.filter)} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
