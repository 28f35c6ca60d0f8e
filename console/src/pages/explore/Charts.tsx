import { ChartPanel } from "./ChartPanel";
import { Lanes } from "./Lanes";
import { metricOf } from "./names";
import type { Track } from "./track";

interface Props {
  tracks: readonly Track[];
  slots: ReadonlyMap<string, number>;
  bucket: number;
  span: readonly [number, number];
  stale: boolean;
}

/** One chart a metric, then the states; the time axis stands below the last chart. */
export function Charts({ tracks, slots, bucket, span, stale }: Props) {
  const states = tracks.filter((track) => track.kind === "state");
  const groups = new Map<string, Track[]>();
  for (const track of tracks) {
    if (track.kind === "state") continue;
    // Eight colours: the ninth series of a metric begins a chart of its own.
    const key = `${metricOf(track.series)} ${Math.floor((slots.get(track.series) ?? 0) / 8)}`;
    groups.set(key, [...(groups.get(key) ?? []), track]);
  }
  const panels = [...groups];
  return (
    <div className={stale ? "plots stale" : "plots"}>
      {panels.map(([key, list], i) => (
        <ChartPanel
          key={key}
          metric={metricOf(list[0]?.series ?? "")}
          tracks={list}
          slots={slots}
          bucket={bucket}
          span={span}
          noTimes={i < panels.length - 1}
        />
      ))}
      {states.length > 0 && <Lanes tracks={states} />}
    </div>
  );
}
