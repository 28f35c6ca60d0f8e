import { useEffect, useRef } from "react";
import { useText } from "../../i18n/text";
import { usePreferences, useResolvedTheme } from "../../prefs/preferences";
import { AtCursor } from "./AtCursor";
import { useStage } from "./context";
import { drawLanes, laneHeight } from "./drawLanes";
import { labelsOf, metricOf } from "./names";
import type { Track } from "./track";

/** States over time: grey for the usual one, tint and top edge for the rest. */
export function Lanes({ tracks }: { tracks: readonly Track[] }) {
  const { t } = useText();
  const { frames, cursor } = useStage();
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useResolvedTheme();
  const { size } = usePreferences();
  const labels = labelsOf(tracks.map((track) => track.series));
  const several = new Set(tracks.map((track) => metricOf(track.series))).size > 1;
  const names = tracks.map(({ series }) => `${labels.get(series)}${several ? ` ${metricOf(series)}` : ""}`);

  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const draw = (from: number, to: number) => drawLanes(element, tracks, from, to, cursor.time);
    const remove = frames.add(draw);
    const unread = cursor.read(() => frames.mark());
    const watcher = new ResizeObserver(() => frames.mark());
    watcher.observe(element);
    return () => {
      remove();
      unread();
      watcher.disconnect();
    };
  }, [tracks, frames, cursor, theme, size]);

  return (
    <section className="fixed">
      <div className="ph">
        <b>{t("explore.states")}</b>
        <span className="leg">
          {tracks.map((track, i) => (
            <span key={track.series} title={track.series}>
              {names[i]} <AtCursor track={track} />
            </span>
          ))}
        </span>
      </div>
      <canvas
        ref={canvas}
        className="lanes"
        role="img"
        aria-label={`${t("explore.states")}: ${names.join(", ")}`}
        style={{ width: "100%", height: tracks.length * laneHeight + 6, display: "block" }}
      />
    </section>
  );
}
