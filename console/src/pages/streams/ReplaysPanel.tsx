import { useQuery } from "@tanstack/react-query";
import { Pause, Play, Square } from "lucide-react";
import { useAlone } from "../../api/fresh";
import { useMay } from "../../api/may";
import { allReplays, type Replay, setReplay } from "../../api/streams";
import type { Text } from "../../i18n/text";
import { useText } from "../../i18n/text";
import { errorText } from "../../kit/errorText";
import { Gauge } from "../../kit/Gauge";
import { Glyph } from "../../kit/Glyph";
import { IconButton } from "../../kit/IconButton";
import { Panel } from "../../kit/Panel";
import { Failure, Skeleton, StaleBar } from "../../kit/states";
import { Table } from "../../kit/Table";
import { toast } from "../../kit/toast";
import { isOpen } from "./replay";
import { placeText } from "./words";

const glyphs = { running: "run", paused: "wait", done: "ok", stopped: "off", failed: "p3", interrupted: "off" } as const;

/** Replays of the stream that run or have ended. */
export function ReplaysPanel({ stream }: { stream: string }) {
  const text = useText();
  const { t, count, bytes, percent } = text;
  const may = useMay("operator");
  const asked = useQuery(allReplays);
  const { data, error, refetch } = asked;
  const { alone, since } = useAlone(asked);
  const rows = data?.items.filter((one) => one.stream === stream);
  const set = (one: Replay, state: "running" | "paused" | "stopped") => void setReplay(one.id, state).catch((problem: unknown) => toast(errorText(problem, text), true));
  return (
    <Panel ruled className={alone ? "stale" : ""} title={t("replay.list")} tag={rows && <span className="tag">{count(rows.length)}</span>}>
      {data && alone && <StaleBar since={since} retry={() => void refetch()} />}
      {!rows ? (
        error ? <Failure error={error} retry={() => void refetch()} /> : <Skeleton rows={2} />
      ) : (
        <Table
          label={t("replay.list")}
          none={t("replay.none")}
          rows={rows}
          keyOf={(one) => one.id}
          columns={[
            {
              id: "state",
              header: t("clients.state"),
              cell: (one) => (
                <>
                  <span className="st">
                    <Glyph condition={glyphs[one.state]} />
                    {t(`replay.state.${one.state}`)}
                  </span>
                  {one.error && (
                    <div className="t11 mut2" lang="en">
                      {one.error}
                    </div>
                  )}
                </>
              ),
            },
            {
              id: "done",
              header: t("replay.progress"),
              cell: (one) => (
                <span className="st">
                  <Gauge share={one.done} label={t("replay.progress")} />
                  {percent(one.done)}
                </span>
              ),
            },
            { id: "what", header: t("replay.what"), cell: (one) => whatText(one, text) },
            { id: "out", header: t("replay.published"), end: true, cell: (one) => count(one.published) },
            { id: "bytes", header: t("topics.size"), end: true, cell: (one) => bytes(one.bytes) },
            { id: "refused", header: t("replay.refused"), end: true, cell: (one) => count(one.refused) },
            { id: "position", header: t("streams.position"), cell: (one) => placeText(one.position, text) },
            { id: "by", header: t("streams.by"), cell: (one) => one.by || t("value.none") },
            ...(may
              ? [
                  {
                    id: "act",
                    header: t("list.actions"),
                    end: true,
                    cell: (one: Replay) =>
                      (isOpen(one) || one.state === "interrupted") && (
                        <span className="acts">
                          {one.state === "running" ? (
                            <IconButton small icon={Pause} label={t("replay.pause", { id: one.id })} onPress={() => set(one, "paused")} />
                          ) : (
                            <IconButton small icon={Play} label={t("replay.resume", { id: one.id })} onPress={() => set(one, "running")} />
                          )}
                          <IconButton small icon={Square} label={t("replay.stop", { id: one.id })} onPress={() => set(one, "stopped")} />
                        </span>
                      ),
                  },
                ]
              : []),
          ]}
        />
      )}
    </Panel>
  );
}

/** Which messages, to where and how fast. */
function whatText(one: Replay, { t, fixed }: Text): string {
  const pace = one.rate
    ? t("replay.at.rate", { rate: fixed(one.rate, 0) })
    : one.speed
      ? t("replay.at.speed", { speed: fixed(one.speed, Number.isInteger(one.speed) ? 0 : 1) })
      : t("replay.pace.0");
  return [`${one.filter ?? "#"} → ${one.prefix ?? ""}…`, pace].join(", ");
}
