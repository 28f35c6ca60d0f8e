import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { changed } from "../../api/broker";
import { type Purged, purgeStream, type StreamPurge } from "../../api/streams";
import type { Text } from "../../i18n/text";
import { useText } from "../../i18n/text";
import { Check } from "../../kit/Check";
import { Confirm } from "../../kit/Confirm";
import { errorText } from "../../kit/errorText";
import { Field } from "../../kit/Field";
import { Select } from "../../kit/Select";
import { toast } from "../../kit/toast";
import { useSettled } from "../../kit/useSettled";
import { parseAge } from "./amounts";
import { purgeOrder, type What, whats } from "./purge";

/** Removes messages, after the node has told how many that are and the name was typed. */
export function PurgeDialog({ stream, onClose }: { stream: string; onClose: () => void }) {
  const text = useText();
  const { t, count } = text;
  const [what, setWhat] = useState<What>("older");
  const [age, setAge] = useState("7d");
  const [upTo, setUpTo] = useState("");
  const [force, setForce] = useState(false);
  const [typed, setTyped] = useState("");
  const order = JSON.stringify(purgeOrder(what, age, upTo.trim(), force));
  const settled = useSettled(order);
  const dry = useQuery({
    queryKey: ["purge", stream, settled],
    queryFn: ({ signal }) => purgeStream(stream, { ...(JSON.parse(settled) as StreamPurge), dryRun: true }, signal),
    enabled: settled !== "null",
    retry: false,
    gcTime: 0,
  });
  const known = settled === order && settled !== "null" && !dry.error ? dry.data : undefined;
  const n = known?.entries ?? 0;
  const act = async () => {
    // What was counted, and not what an age means a moment later.
    const done = await purgeStream(stream, { upTo: known?.upTo, force });
    await changed("/streams");
    toast(t("purge.done", { n: done.entries, count: count(done.entries), name: stream }));
  };
  return (
    <Confirm
      danger
      title={t("purge.title", { name: stream })}
      verb={t("purge.verb", { n, count: count(n) })}
      keep={t("purge.keep")}
      disabled={n === 0 || dry.isFetching || typed !== stream}
      act={act}
      onClose={onClose}
    >
      <div className="two">
        <Select
          label={t("purge.what")}
          value={what}
          options={whats.map((id) => ({ id, text: t(`purge.what.${id}`) }))}
          onChange={(next) => setWhat(next as What)}
        />
        {what === "older" && <Field label={t("purge.age")} value={age} onChange={setAge} isInvalid={parseAge(age) === undefined} />}
        {what === "upTo" && <Field label={t("streams.position")} placeholder="17:3" value={upTo} onChange={setUpTo} />}
      </div>
      <Check label={t("purge.force")} on={force} onChange={setForce} />
      <p className="t12 mut2" role="status">
        {dry.error && settled === order ? errorText(dry.error, text) : known ? foundText(known, text) : order === "null" ? t("purge.ask") : t("purge.counting")}
      </p>
      <Field label={t("purge.type", { name: stream })} value={typed} onChange={setTyped} autoComplete="off" />
    </Confirm>
  );
}

function foundText(p: Purged, { t, count, bytes }: Text): string {
  const found = t("purge.found", { n: p.entries, count: count(p.entries), of: count(p.of), bytes: bytes(p.bytes) });
  return p.held ? `${found} ${t("purge.held")}` : found;
}
