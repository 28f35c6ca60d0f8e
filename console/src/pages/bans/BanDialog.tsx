import { useState } from "react";
import { changed } from "../../api/broker";
import { send } from "../../api/client";
import { useStatus } from "../../api/queries";
import { useText } from "../../i18n/text";
import { Confirm } from "../../kit/Confirm";
import { Field } from "../../kit/Field";
import { Select } from "../../kit/Select";
import { toast } from "../../kit/toast";
import { type BanKind, banKinds, examples } from "./kinds";

interface Props {
  kind: BanKind;
  value: string;
  onDone: () => void;
  onClose: () => void;
}

const minutes = ["10", "60", "1440", "10080"];

/** Keeps clients out, for a time or until somebody lifts the ban. */
export function BanDialog({ kind: firstKind, value: firstValue, onDone, onClose }: Props) {
  const { t, span } = useText();
  const offset = useStatus().data?.offset ?? 0;
  const [kind, setKind] = useState(firstKind);
  const [value, setValue] = useState(firstValue);
  const [reason, setReason] = useState("");
  const [time, setTime] = useState("60");
  const act = async () => {
    const until = time ? new Date(Date.now() + offset + Number(time) * 60_000).toISOString() : undefined;
    await send("POST", "/bans", { kind, value: value.trim(), reason: reason.trim(), until });
    toast(t("bans.done", { value: value.trim() }));
    await changed("/bans");
    onDone();
  };
  return (
    <Confirm danger title={t("bans.new")} verb={t("bans.new.verb")} disabled={value.trim() === ""} act={act} onClose={onClose}>
      <p className="t12 mut2">{t("bans.what")}</p>
      <Select
        label={t("bans.kind")}
        value={kind}
        options={banKinds.map((id) => ({ id, text: t(`bans.kind.${id}`) }))}
        onChange={(next) => setKind(next as BanKind)}
      />
      <Field label={t("bans.value")} placeholder={examples[kind]} value={value} onChange={setValue} />
      <Field label={t("bans.reason")} value={reason} onChange={setReason} />
      <Select
        label={t("bans.for")}
        value={time}
        options={[...minutes.map((id) => ({ id, text: span(Number(id) * 60) })), { id: "", text: t("bans.forever") }]}
        onChange={setTime}
      />
    </Confirm>
  );
}
