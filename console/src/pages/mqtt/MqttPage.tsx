import { Eraser } from "lucide-react";
import { useState } from "react";
import { useText } from "../../i18n/text";
import { Button } from "../../kit/Button";
import { Glyph } from "../../kit/Glyph";
import { ConnectPanel } from "./ConnectPanel";
import { Messages } from "./Messages";
import { PublishPanel } from "./PublishPanel";
import { SubscribePanel } from "./SubscribePanel";
import { useMqtt } from "./useMqtt";
import type { Version } from "./session";

/** An MQTT client in the browser, over WebSocket. */
export default function MqttPage() {
  const { t, count, bytes } = useText();
  const mqtt = useMqtt();
  const [version, setVersion] = useState<Version>("5");
  const on = mqtt.phase === "on";
  const { traffic } = mqtt.log;
  return (
    <>
      <div className="pgh">
        <h1>{t("nav.mqtt")}</h1>
        <span className="tag" role="status">
          <Glyph condition={on ? "run" : mqtt.phase === "connecting" ? "wait" : "off"} />
          {t(`ws.phase.${mqtt.phase}`)}
        </span>
        <span className="sp" />
        <span className="mut t12 hid" data-testid="traffic">
          {t("ws.traffic", {
            in: count(traffic.messagesIn),
            bytesIn: bytes(traffic.bytesIn),
            out: count(traffic.messagesOut),
            bytesOut: bytes(traffic.bytesOut),
          })}
        </span>
        <Button small kind="ghost" icon={Eraser} onPress={mqtt.clear}>
          {t("ws.clear")}
        </Button>
      </div>
      {mqtt.error && (
        <div className="wserr">
          <p className="note p1" role="alert">
            <Glyph condition="p1" />
            <span>{mqtt.error}</span>
          </p>
        </div>
      )}
      <div className="body ws">
        <div className="wsl">
          <ConnectPanel mqtt={mqtt} version={version} onVersion={setVersion} />
          <SubscribePanel mqtt={mqtt} five={version === "5"} />
        </div>
        <div className="wsr">
          <PublishPanel mqtt={mqtt} five={version === "5"} />
          <Messages entries={mqtt.entries} />
        </div>
      </div>
    </>
  );
}
