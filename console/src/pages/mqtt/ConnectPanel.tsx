import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { type Listener, whole } from "../../api/broker";
import { useText } from "../../i18n/text";
import { Button } from "../../kit/Button";
import { Check } from "../../kit/Check";
import { Field } from "../../kit/Field";
import { Panel } from "../../kit/Panel";
import { Segmented } from "../../kit/Segmented";
import type { Version } from "./session";
import type { Mqtt } from "./useMqtt";
import { socketAddress } from "./socketAddress";

interface Props {
  mqtt: Mqtt;
  version: Version;
  onVersion: (version: Version) => void;
}

const secondsOf = (text: string, most: number) => Math.min(most, Math.max(0, Math.floor(Number(text)) || 0));

export function ConnectPanel({ mqtt, version, onVersion }: Props) {
  const { t } = useText();
  const listeners = useQuery(whole<Listener>("/listeners", 30_000)).data?.items;
  const guess = socketAddress(listeners, location);
  const [url, setUrl] = useState("");
  const [clientId, setClientId] = useState(() => `console-${crypto.getRandomValues(new Uint32Array(1))[0]?.toString(36)}`);
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [clean, setClean] = useState(true);
  const [keepAlive, setKeepAlive] = useState("60");
  const [expiry, setExpiry] = useState("0");
  useEffect(() => setUrl(guess), [guess]);
  const off = mqtt.phase === "off";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!off) return mqtt.disconnect();
    void mqtt.connect({
      url,
      clientId,
      user,
      password,
      version,
      clean,
      keepAlive: secondsOf(keepAlive, 65_535),
      sessionExpiry: secondsOf(expiry, 4_294_967_295),
    });
  };
  const field = { isDisabled: !off };
  return (
    <Panel title={t("ws.connection")} ruled>
      <form className="form pad" onSubmit={submit} autoComplete="off">
        <Field {...field} label={t("ws.url")} value={url} onChange={setUrl} />
        <Field {...field} label={t("clients.id")} value={clientId} onChange={setClientId} />
        <div className="two">
          <Field {...field} label={t("clients.user")} value={user} onChange={setUser} />
          <Field {...field} label={t("ws.password")} type="password" autoComplete="off" value={password} onChange={setPassword} />
        </div>
        <div className="two">
          <div className="field">
            <span className="lbl">{t("ws.version")}</span>
            <Segmented
              fill
              label={t("ws.version")}
              value={version}
              options={[
                { id: "5", text: "5.0" },
                { id: "3.1.1", text: "3.1.1" },
              ]}
              onChange={(next) => off && onVersion(next)}
            />
          </div>
          <Field {...field} label={t("ws.keepAlive")} inputMode="numeric" value={keepAlive} onChange={setKeepAlive} />
        </div>
        <div className="two">
          <Check label={t(version === "5" ? "ws.cleanStart" : "ws.cleanSession")} on={clean} disabled={!off} onChange={setClean} />
          {version === "5" && (
            <Field {...field} label={t("ws.expiry")} inputMode="numeric" value={expiry} onChange={setExpiry} />
          )}
        </div>
        <Button kind={off ? "primary" : "plain"} type="submit" isDisabled={off && !url}>
          {t(off ? "ws.connect" : "ws.disconnect")}
        </Button>
      </form>
    </Panel>
  );
}
