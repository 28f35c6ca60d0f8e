import { useState } from "react";
import { deleteStream } from "../../api/streams";
import type { StreamStatus } from "../../api/types";
import { useText } from "../../i18n/text";
import { Check } from "../../kit/Check";
import { Confirm } from "../../kit/Confirm";
import { Field } from "../../kit/Field";
import { toast } from "../../kit/toast";

interface Props {
  stream: StreamStatus;
  onDone: () => void;
  onClose: () => void;
}

/** Ends a stream with what it holds, after its name was typed. */
export function DeleteDialog({ stream: s, onDone, onClose }: Props) {
  const { t, bytes } = useText();
  const [typed, setTyped] = useState("");
  const [force, setForce] = useState(false);
  const groups = s.readers.filter((one) => one.kind === "consumers").length;
  const act = async () => {
    await deleteStream(s.name, force);
    toast(t("streams.deleted", { name: s.name }));
    onDone();
  };
  return (
    <Confirm
      danger
      title={t("streams.delete.title", { name: s.name })}
      verb={t("streams.delete.verb")}
      keep={t("streams.delete.keep")}
      disabled={typed !== s.name}
      act={act}
      onClose={onClose}
    >
      <p className="t12 mut2">{t("streams.delete.what", { bytes: bytes(s.bytes), n: groups })}</p>
      <Check label={t("streams.delete.force")} on={force} onChange={setForce} />
      <Field label={t("purge.type", { name: s.name })} value={typed} onChange={setTyped} autoComplete="off" />
    </Confirm>
  );
}
