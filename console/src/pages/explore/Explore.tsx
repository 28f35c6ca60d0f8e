import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { useFresh } from "../../api/fresh";
import { seriesOfTopic } from "../../api/queries";
import { exploreWindows } from "../../data/windows";
import { useText } from "../../i18n/text";
import { Glyph } from "../../kit/Glyph";
import { Empty, Failure, Skeleton, StaleBar } from "../../kit/states";
import { toast } from "../../kit/toast";
import { setQuery, usePlace } from "../../router";
import { mostSeries } from "./board";
import { Charts } from "./Charts";
import { Slots } from "./names";
import { SeriesPicker } from "./SeriesPicker";
import { StatsTable } from "./StatsTable";
import { Toolbar } from "./Toolbar";
import { useBoard } from "./useBoard";
import { ValuesTable } from "./ValuesTable";
import { CursorStage } from "./CursorStage";

const usualWindow = 900;

export default function Explore() {
  const { t } = useText();
  const { query } = usePlace();
  const { fresh, since } = useFresh();
  const chosen = query.getAll("series");
  const seconds = exploreWindows.find((one) => String(one) === query.get("window")) ?? usualWindow;
  const end = query.get("end") ? Number(query.get("end")) / 1000 : null;
  const table = query.get("view") === "table";
  const [colors] = useState(() => new Slots());
  const { board, version } = useBoard({ series: chosen, seconds, end });
  const main = useRef<HTMLDivElement>(null);
  useTopic(query.get("topic"));

  const toggle = (series: string) => {
    if (chosen.includes(series)) setQuery({ series: chosen.filter((one) => one !== series) });
    else if (chosen.length < mostSeries) setQuery({ series: [...chosen, series] });
    else toast(t("explore.most", { most: mostSeries }), true);
  };
  const span = useMemo(() => board.span, [board, version]);
  // The historian may fail while the node answers.
  const moves = !board.live || (fresh && (board.error === null || board.tracks.length === 0));
  const { tracks } = board;
  const states = new Set(tracks.filter((track) => track.kind === "state").map((track) => track.series));
  const slots = colors.of(chosen.filter((one) => !states.has(one)));

  return (
    <div className="ex">
      <SeriesPicker chosen={chosen} slots={slots} onToggle={toggle} onClear={() => setQuery({ series: null })} />
      <div className="exm" ref={main}>
        <Toolbar board={board} seconds={seconds} end={end} table={table} />
        {!moves && <StaleBar since={fresh ? board.answered + board.offset : since} retry={() => board.reload()} />}
        {board.unknown.length > 0 && (
          <div className="bar3">
            <Glyph condition="p3" />
            <span className="el" title={board.unknown.join("\n")}>
              {t("explore.unknown", { n: board.unknown.length })}: {board.unknown.join(", ")}
            </span>
          </div>
        )}
        {chosen.length === 0 ? (
          <div className="plots">
            <Empty title={t("explore.empty")}>{t("explore.empty.what", { most: mostSeries })}</Empty>
          </div>
        ) : board.error && tracks.length === 0 ? (
          <div className="plots">
            <Failure error={board.error} retry={() => board.reload()} />
          </div>
        ) : board.loading && tracks.length === 0 ? (
          <Skeleton />
        ) : (
          <CursorStage board={board} version={version}>
            {table ? (
              <ValuesTable tracks={tracks} span={span} />
            ) : (
              <Charts tracks={tracks} slots={slots} bucket={board.bucket} span={span} stale={!moves} />
            )}
            <StatsTable tracks={tracks.filter((track) => track.kind === "number")} slots={slots} span={span} />
          </CursorStage>
        )}
      </div>
    </div>
  );
}

// An address that names a topic shows the topic's series.
function useTopic(topic: string | null) {
  const series = useQuery({ ...seriesOfTopic(topic ?? ""), enabled: topic !== null }).data;
  useEffect(() => {
    if (topic && series) setQuery({ topic: null, series: series.slice(0, 8).map((one) => one.series) });
  }, [topic, series]);
}
