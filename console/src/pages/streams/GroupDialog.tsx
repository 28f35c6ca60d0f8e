import { useState } from "react";
import { type ConsumerGroup, changeGroup, createGroup } from "../../api/streams";
import { useText } from "../../i18n/text";
import { Check } from "../../kit/Check";
import { Confirm } from "../../kit/Confirm";
import { Field } from "../../kit/Field";
import { Select } from "../../kit/Select";
import { toast } from "../../kit/toast";
import { ageInput, parseAge } from "./amounts";
import { type Begin, begins, placeOf } from "./begin";

interface Props {
  stream: string;
  /** The one to change; without it a new one is made. */
  group?: ConsumerGroup;
  onClose: () => void;
}

/** Makes a consumer group, or changes how it hands out and where it stands. */
export function GroupDialog({ stream, group, onClose }: Props) {
  const { t } = useText();
  const [name, setName] = useState(group?.name ?? "");
  const [filter, setFilter] = useState(group?.filter ?? "");
  const [wait, setWait] = useState(ageInput(group?.ackWait ?? 30));
  const [most, setMost] = useState(String(group?.maxInFlight ?? 1_000));
  const [deliveries, setDeliveries] = useState(String(group?.maxDeliveries ?? 0));
  const [hold, setHold] = useState(group?.hold ?? false);
  const [begin, setBegin] = useState<Begin>(group ? "keep" : "oldest");
  const [at, setAt] = useState("");
  const ackWait = parseAge(wait);
  const needs = begin === "time" || begin === "position";
  const whole = [most, deliveries].every((text) => /^\d+$/.test(text.trim()));
  const act = async () => {
    const settings = { filter, ackWait, maxInFlight: Number(most), maxDeliveries: Number(deliveries), hold, ...placeOf(begin, at.trim()) };
    await (group ? changeGroup(stream, name, settings) : createGroup(stream, { name, ...settings }));
    toast(t(group ? "groups.changed" : "groups.made", { name }));
  };
  return (
    <Confirm
      title={group ? t("groups.change.title", { name }) : t("groups.add.title", { stream })}
      verb={t(group ? "groups.change.verb" : "groups.make")}
      disabled={name === "" || ackWait === undefined || !whole || (needs && at.trim() === "")}
      act={act}
      onClose={onClose}
    >
      {!group && <Field autoFocus label={t("groups.name")} value={name} onChange={setName} />}
      <Field label={t("groups.filter")} value={filter} onChange={setFilter} />
      <div className="two">
        <Select
          label={t("groups.begin")}
          value={begin}
          options={begins.filter((id) => group || id !== "keep").map((id) => ({ id, text: t(`groups.begin.${id}`) }))}
          onChange={(next) => setBegin(next as Begin)}
        />
        {needs && <Field label={t(`groups.at.${begin}`)} placeholder={begin === "time" ? "-1h" : "17:3"} value={at} onChange={setAt} />}
      </div>
      <div className="three">
        <Field label={t("groups.ackWait")} value={wait} onChange={setWait} isInvalid={ackWait === undefined} />
        <Field label={t("groups.maxInFlight")} inputMode="numeric" value={most} onChange={setMost} />
        <Field label={t("groups.maxDeliveries")} inputMode="numeric" value={deliveries} onChange={setDeliveries} />
      </div>
      <Check label={t("groups.hold")} on={hold} onChange={setHold} />
      <p className="t12 mut2">{t(group && begin !== "keep" ? "groups.begin.what" : "groups.add.what")}</p>
    </Confirm>
  );
}
