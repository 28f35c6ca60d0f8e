import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { beginReplay, countReplay, type ReplayExtent, type ReplayOrder } from "../../api/streams";
import type { Text } from "../../i18n/text";
import { useText } from "../../i18n/text";
import { Check } from "../../kit/Check";
import { Confirm } from "../../kit/Confirm";
import { errorText } from "../../kit/errorText";
import { Field } from "../../kit/Field";
import { Glyph } from "../../kit/Glyph";
import { Select } from "../../kit/Select";
import { toast } from "../../kit/toast";
import { useSettled } from "../../kit/useSettled";
import { paces, placeWords, replayOrder, type ReplayWish } from "./replay";

const first: ReplayWish = { from: "-1h", to: "", filter: "", prefix: "replay/", pace: "1", rate: "100", capture: false };

/** Publishes stored messages once more, after the node has counted them. */
export function ReplayDialog({ stream, onClose }: { stream: string; onClose: () => void }) {
  const text = useText();
  const { t, count } = text;
  const [wish, setWish] = useState(first);
  const change = (part: Partial<ReplayWish>) => setWish((before) => ({ ...before, ...part }));
  const order = JSON.stringify(replayOrder(wish));
  const settled = useSettled(order);
  const dry = useQuery({
    queryKey: ["replay", stream, settled],
    queryFn: async ({ signal }) => (await countReplay(stream, JSON.parse(settled) as ReplayOrder, signal)) ?? null,
    enabled: settled !== "null",
    retry: false,
    gcTime: 0,
  });
  const known = settled === order && settled !== "null" && !dry.error ? dry.data : undefined;
  const n = known?.messages ?? 0;
  const act = async () => {
    await beginReplay(stream, JSON.parse(order) as ReplayOrder);
    toast(t("replay.begun", { name: stream }));
  };
  return (
    <Confirm
      title={t("replay.title", { name: stream })}
      verb={t(known?.atLeast ? "replay.verb.atLeast" : "replay.verb", { n, count: count(n) })}
      disabled={n === 0 || dry.isFetching}
      act={act}
      onClose={onClose}
    >
      <div className="two">
        <Field label={t("replay.from")} placeholder={t("replay.oldest")} value={wish.from} onChange={(from) => change({ from })} />
        <Field label={t("replay.to")} placeholder={t("replay.newest")} value={wish.to} onChange={(to) => change({ to })} />
      </div>
      <p className="t12 mut2">{t("replay.times", { examples: placeWords.join(", ") })}</p>
      <div className="two">
        <Field label={t("replay.filter")} placeholder="#" value={wish.filter} onChange={(filter) => change({ filter })} />
        <Field label={t("replay.prefix")} value={wish.prefix} onChange={(prefix) => change({ prefix })} />
      </div>
      <div className="two">
        <Select
          label={t("replay.pace")}
          value={wish.pace}
          options={paces.map((id) => ({ id, text: t(`replay.pace.${id}`) }))}
          onChange={(pace) => change({ pace: pace as ReplayWish["pace"] })}
        />
        {wish.pace === "rate" && <Field label={t("replay.rate")} inputMode="numeric" value={wish.rate} onChange={(rate) => change({ rate })} />}
      </div>
      <Check label={t("replay.capture")} on={wish.capture} onChange={(capture) => change({ capture })} />
      <p className="t12 mut2" role="status">
        {dry.error && settled === order ? errorText(dry.error, text) : known ? wouldText(known, text) : order === "null" ? t("replay.rate.ask") : t("purge.counting")}
      </p>
      {wish.prefix === "" && (
        <p className="note p3">
          <Glyph condition="p3" />
          <span>{t("replay.bare")}</span>
        </p>
      )}
    </Confirm>
  );
}

function wouldText(would: ReplayExtent, { t, count, bytes, duration, dateTime }: Text): string {
  if (would.messages === 0) return t("replay.nothing");
  const words = [t("replay.would", { n: would.messages, count: count(would.messages), bytes: bytes(would.bytes) })];
  if (would.first && would.last) words.push(t("replay.would.when", { first: dateTime(Date.parse(would.first)), last: dateTime(Date.parse(would.last)) }));
  words.push(would.seconds > 0 ? t("replay.would.takes", { time: duration(would.seconds) }) : t("replay.would.fast"));
  if (would.atLeast) words.push(t("replay.would.atLeast"));
  return words.join(" ");
}
