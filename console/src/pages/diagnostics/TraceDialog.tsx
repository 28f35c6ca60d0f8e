import { useState } from "react";
import { changed, type NewTrace, type Trace } from "../../api/broker";
import { send } from "../../api/client";
import { useStatus } from "../../api/queries";
import { useText } from "../../i18n/text";
import { Check } from "../../kit/Check";
import { Confirm } from "../../kit/Confirm";
import { Field } from "../../kit/Field";
import { Select } from "../../kit/Select";
import { toast } from "../../kit/toast";
import { traceName } from "./traceName";

interface Props {
  kind?: NewTrace["kind"];
  value?: string;
  onClose: () => void;
}

/** Begins to write the packets of a client, topic or address to a file. */
export function TraceDialog({ kind: firstKind = "client", value: firstValue = "", onClose }: Props) {
  const { t, span } = useText();
  const offset = useStatus().data?.offset ?? 0;
  const [kind, setKind] = useState(firstKind);
  const [value, setValue] = useState(firstValue);
  const [format, setFormat] = useState<NewTrace["format"]>("text");
  const [minutes, setMinutes] = useState("10");
  const [payload, setPayload] = useState(false);
  const act = async () => {
    const now = Date.now() + offset;
    const until = new Date(now + Number(minutes) * 60_000).toISOString();
    const asked: NewTrace = { name: traceName(value, now), kind, value, format, payload, until };
    const begun = await send<Trace>("POST", "/traces", asked);
    await changed("/traces");
    toast(t("trace.started", { name: begun.name }));
  };
  return (
    <Confirm title={t("trace.new")} verb={t("trace.start")} disabled={value.trim() === ""} act={act} onClose={onClose}>
      <Select
        label={t("trace.kind")}
        value={kind}
        options={(["client", "topic", "address"] as const).map((id) => ({ id, text: t(`trace.kind.${id}`) }))}
        onChange={(next) => setKind(next as NewTrace["kind"])}
      />
      <Field autoFocus label={t(`trace.kind.${kind}`)} value={value} onChange={setValue} />
      <Select
        label={t("trace.format")}
        value={format}
        options={(["text", "pcapng"] as const).map((id) => ({ id, text: t(`trace.format.${id}`) }))}
        onChange={(next) => setFormat(next as NewTrace["format"])}
      />
      <Select
        label={t("trace.for")}
        value={minutes}
        options={["1", "10", "60", "480"].map((id) => ({ id, text: span(Number(id) * 60) }))}
        onChange={setMinutes}
      />
      {format === "text" && <Check label={t("trace.payload")} on={payload} onChange={setPayload} />}
      <p className="t12 mut2">{t("trace.what")}</p>
    </Confirm>
  );
}
