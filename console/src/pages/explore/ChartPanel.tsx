import { useEffect, useMemo, useRef } from "react";
import { useText } from "../../i18n/text";
import { type ChartHandle, TimeChart } from "../../kit/TimeChart";
import { align } from "./align";
import { AtCursor } from "./AtCursor";
import { useStage } from "./context";
import { distinct } from "./names";
import { statsOf } from "./stats";
import type { Track } from "./track";

interface Props {
  metric: string;
  tracks: readonly Track[];
  slots: ReadonlyMap<string, number>;
  bucket: number;
  span: readonly [number, number];
  noTimes: boolean;
}

/** The series of one metric over time. */
export function ChartPanel({ metric, tracks, slots, bucket, span, noTimes }: Props) {
  const text = useText();
  const { t, fixed, axis } = text;
  const { frames, cursor } = useStage();
  const chart = useRef<ChartHandle>(null);
  const names = distinct(tracks.map((track) => track.series));
  const lines = tracks.map((track, i) => {
    const slot = slots.get(track.series) ?? i;
    return { label: names[i] ?? "", color: slot + 1, dashed: slot % 8 >= 4 };
  });
  const data = useMemo(() => align(tracks, bucket), [tracks, bucket]);

  useEffect(() => {
    frames.mark();
    return frames.add((from, to) => chart.current?.draw(data, from, to));
  }, [frames, data]);

  const spoken = tracks.map((track, i) => {
    const stats = statsOf(track, span[0], span[1]);
    if (!stats) return `${names[i]}: ${t("explore.nodata")}`;
    const show = (v: number) => fixed(v, track.decimals);
    const trend = Math.abs(stats.change) < stats.sigma / 2 ? "steady" : stats.change > 0 ? "rising" : "falling";
    return t("explore.line", {
      name: names[i] ?? "",
      last: show(track.values.at(-1) ?? 0),
      min: show(stats.min),
      max: show(stats.max),
      trend: t(`explore.${trend}`),
    });
  });

  return (
    <section>
      <div className="ph">
        <b>{metric}</b>
        <span className="leg">
          {tracks.map((track, i) => (
            <span key={track.series} title={track.series}>
              <i
                style={{
                  color: `var(--c${(((lines[i]?.color ?? 1) - 1) % 8) + 1})`,
                  borderTopStyle: lines[i]?.dashed ? "dashed" : "solid",
                }}
              />
              {names[i]} <AtCursor track={track} />
            </span>
          ))}
        </span>
        <span className="sp" />
        <span className="agg">{bucket > 0 ? t("chart.avg", { span: text.span(bucket) }) : t("chart.raw")}</span>
      </div>
      <TimeChart
        label={t("explore.panel", { name: metric, lines: spoken.join("; ") })}
        lines={lines}
        handle={chart}
        left={56}
        sync="explore"
        noTimes={noTimes}
        format={axis}
        onCursor={(time) => cursor.set(time)}
      />
    </section>
  );
}
