// What the charts show, as rows: for the table view and for CSV. Pure.
import { iso, type Zone } from "../../i18n/format";
import type { Track } from "./track";

export interface Row {
  time: number;
  /** One text a track; empty where it has no entry at this time. */
  cells: string[];
}

/** The entries of all tracks between two times, merged by time, rising. */
export function rowsOf(tracks: readonly Track[], from: number, to: number): Row[] {
  const byTime = new Map<number, string[]>();
  tracks.forEach((track, column) => {
    track.times.forEach((time, i) => {
      if (time < from || time >= to) return;
      const cells = byTime.get(time) ?? tracks.map(() => "");
      const value = track.values[i];
      cells[column] = track.kind === "state" || value === null ? (track.states[i] ?? "") : String(value);
      byTime.set(time, cells);
    });
  });
  return [...byTime].sort(([a], [b]) => a - b).map(([time, cells]) => ({ time, cells }));
}

/** RFC 4180, times as ISO 8601 with their offset. */
export function csv(rows: readonly Row[], names: readonly string[], zone: Zone): string {
  const lines = [["time", ...names], ...rows.map((row) => [iso(row.time * 1000, zone), ...row.cells])];
  return lines.map((cells) => cells.map(quote).join(",")).join("\r\n") + "\r\n";
}

// A spreadsheet must not take text for a formula.
function quote(cell: string): string {
  const text = /^[=+@\t\r]|^-(?![\d.])/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
