import { useId, useState } from "react";
import { changeStream, createStream } from "../../api/streams";
import type { StreamStatus } from "../../api/types";
import { useText } from "../../i18n/text";
import { Confirm } from "../../kit/Confirm";
import { Field } from "../../kit/Field";
import { Select } from "../../kit/Select";
import { toast } from "../../kit/toast";
import { ageInput, parseAge, parseSize, sizeInput } from "./amounts";

interface Props {
  /** The one to change; without it a new one is made. */
  stream?: StreamStatus;
  others: readonly StreamStatus[];
  onClose: () => void;
}

/** Makes a stream, or changes one that was made by console, command line or API. */
export function StreamDialog({ stream, others, onClose }: Props) {
  const { t } = useText();
  const id = useId();
  const [name, setName] = useState(stream?.name ?? "");
  const [filters, setFilters] = useState(stream?.filters.join("\n") ?? "");
  const [age, setAge] = useState(ageInput(stream?.maxAge ?? 30 * 86_400));
  const [size, setSize] = useState(sizeInput(stream?.maxBytes ?? 10 * 2 ** 30));
  const [before, setBefore] = useState(stream?.before ?? "");
  const maxAge = parseAge(age);
  const maxBytes = parseSize(size);
  const wanted = filters.split("\n").map((line) => line.trim()).filter(Boolean);
  const act = async () => {
    const asked = { name, filters: wanted, maxAge, maxBytes, before };
    await (stream ? changeStream(asked) : createStream(asked));
    toast(t(stream ? "streams.changed" : "streams.made", { name }));
  };
  return (
    <Confirm
      title={stream ? t("streams.change.title", { name }) : t("streams.add.title")}
      verb={t(stream ? "streams.change" : "streams.make")}
      disabled={name === "" || wanted.length === 0 || maxAge === undefined || maxBytes === undefined}
      act={act}
      onClose={onClose}
    >
      {!stream && <Field autoFocus label={t("streams.name")} value={name} onChange={setName} />}
      <div className="field">
        <label htmlFor={id}>{t("streams.filters")}</label>
        <textarea id={id} className="mono area" rows={3} value={filters} onChange={(event) => setFilters(event.target.value)} />
      </div>
      <div className="two">
        <Field label={t("streams.maxAge")} value={age} onChange={setAge} isInvalid={maxAge === undefined} />
        <Field label={t("streams.maxBytes")} value={size} onChange={setSize} isInvalid={maxBytes === undefined} />
      </div>
      {(maxAge === undefined || maxBytes === undefined) && <p className="t12 mut2">{t("streams.amounts")}</p>}
      <Select
        label={t("streams.before")}
        value={before}
        options={[
          { id: "", text: t("streams.before.default") },
          ...others.filter((one) => !one.builtIn && one.name !== name).map((one) => ({ id: one.name, text: one.name })),
        ]}
        onChange={setBefore}
      />
      <p className="t12 mut2">{t("streams.add.what")}</p>
    </Confirm>
  );
}
