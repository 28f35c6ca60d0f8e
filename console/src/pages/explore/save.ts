import { iso, type Zone } from "../../i18n/format";
import { csv, rowsOf } from "./table";
import type { Track } from "./track";

/** Hands the samples in sight to the browser as a file. */
export function save(tracks: readonly Track[], [from, to]: readonly [number, number], zone: Zone) {
  const names = tracks.map((track) => track.series);
  const text = csv(rowsOf(tracks, from, to), names, zone);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  link.download = `millrace-${iso(to * 1000, "utc")
    .slice(0, 19)
    .replaceAll(":", "")}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}
