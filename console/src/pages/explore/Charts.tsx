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
    const metric = metricOf(track.series);
    groups.set(metric, [...(groups.get(metric) ?? []), track]);
  }
  const metrics = [...groups];
  return (
    <div className={stale ? "plots stale" : "plots"}>
      {metrics.map(([metric, list], i) => (
        <ChartPanel
          key={metric}
          metric={metric}
          tracks={list}
          slots={slots}
          bucket={bucket}
          span={span}
          noTimes={i < metrics.length - 1}
        />
      ))}
      {states.length > 0 && <Lanes tracks={states} />}
    </div>
  );
}
