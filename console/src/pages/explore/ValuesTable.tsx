import { useText } from "../../i18n/text";
import { labelsOf, metricOf } from "./names";
import { rowsOf } from "./table";
import type { Track } from "./track";

const most = 500;

/** The same samples as a table, newest first. */
export function ValuesTable({ tracks, span }: { tracks: readonly Track[]; span: readonly [number, number] }) {
  const { t, dateTime, clockMillis } = useText();
  const labels = labelsOf(tracks.map((track) => track.series));
  const rows = rowsOf(tracks, span[0], span[1]).slice(-most).reverse();
  return (
    <div className="values">
      <table className="tbl" aria-label={t("explore.table")}>
        <thead>
          <tr>
            <th>{t("explore.time")}</th>
            {tracks.map((track) => (
              <th key={track.series} className="num" title={track.series}>
                {labels.get(track.series)} {metricOf(track.series)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.time}>
              <td>
                {dateTime(row.time * 1000).slice(0, 11)}
                {clockMillis(row.time * 1000)}
              </td>
              {row.cells.map((cell, i) => (
                <td key={tracks[i]?.series} className="num">
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <p className="foot">{t("explore.rows", { n: rows.length })}</p>
    </div>
  );
}
