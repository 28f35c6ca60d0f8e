import { useText } from "../../i18n/text";
import { AtCursor } from "./AtCursor";
import { CursorTime } from "./CursorTime";
import { labelsOf, metricOf } from "./names";
import { statsOf } from "./stats";
import type { Track } from "./track";

interface Props {
  tracks: readonly Track[];
  slots: ReadonlyMap<string, number>;
  span: readonly [number, number];
}

/** Figures of every series over the time in sight. */
export function StatsTable({ tracks, slots, span }: Props) {
  const { t, fixed, count } = useText();
  const labels = labelsOf(tracks.map((track) => track.series));
  return (
    <div className="stat">
      <table className="tbl nb" aria-label={t("explore.stats")}>
        <thead>
          <tr>
            <th>{t("explore.series")}</th>
            <th className="num">
              <CursorTime />
            </th>
            <th className="num">{t("explore.stat.min")}</th>
            <th className="num">{t("explore.stat.mean")}</th>
            <th className="num">{t("explore.stat.max")}</th>
            <th className="num hid">{t("explore.stat.sigma")}</th>
            <th className="num hid">{t("explore.stat.change")}</th>
            <th className="num hid">{t("explore.stat.samples")}</th>
          </tr>
        </thead>
        <tbody>
          {tracks.map((track) => {
            const stats = statsOf(track, span[0], span[1]);
            const show = (v: number | undefined, more = 0) => (v === undefined ? "" : fixed(v, track.decimals + more));
            return (
              <tr key={track.series}>
                <td title={track.series}>
                  <i className="sw" style={{ background: `var(--c${((slots.get(track.series) ?? 0) % 8) + 1})` }} />
                  {labels.get(track.series)} <span className="mut2">{metricOf(track.series)}</span>
                </td>
                <td className="num str">
                  <AtCursor track={track} />
                </td>
                <td className="num">{show(stats?.min)}</td>
                <td className="num">{show(stats?.mean)}</td>
                <td className="num">{show(stats?.max)}</td>
                <td className="num hid">{show(stats?.sigma, 1)}</td>
                <td className="num hid">{stats && `${stats.change > 0 ? "+" : ""}${show(stats.change)}`}</td>
                <td className="num hid">{stats ? count(stats.samples) : t("explore.nodata")}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
