// uPlot with the product's look. Colours come from the tokens, so a plot is made
// anew when the theme changes.
import uPlot from "uplot";
import { clock, date, hourMinute, type Zone } from "../i18n/format";
import { lonely } from "./lonely";

export interface Line {
  label: string;
  /** Series colour, 1 to 8. */
  color: number;
  /** Fills down to zero: for one quantity from zero only. */
  area?: boolean;
  step?: boolean;
  dashed?: boolean;
}

export interface PlotOptions {
  lines: readonly Line[];
  zone: Zone;
  /** Text of a value on the axis. */
  format: (value: number) => string;
  /** The axis begins at zero: for rates and queues, not for process values. */
  fromZero?: boolean;
  /** Bars on top of each other in place of lines. */
  stacked?: boolean;
  /** Plots with the same key share one cursor. */
  sync?: string;
  /** Hides the time axis: another plot below shows it. */
  noTimes?: boolean;
  /** Width of the value axis. */
  left?: number;
  /** Called with the time under the cursor, in seconds; null when it leaves. */
  onCursor?: (time: number | null) => void;
}

/** Room beside the newest time, for half of its mark's text. */
export const plotRight = 22;

const token = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const font = (size: number) => `${size}px "Atkinson Hyperlegible Next", system-ui, sans-serif`;

/** How much the text size and wide screens zoom an element. */
export const zoomOf = (host: HTMLElement): number => host.getBoundingClientRect().width / host.offsetWidth || 1;

/** The plot's size: in pixels of the screen, since the plot itself is not zoomed. */
export function plotSize(host: HTMLElement): { width: number; height: number } {
  const zoom = zoomOf(host);
  return { width: Math.max(40, host.clientWidth * zoom), height: Math.max(30, host.clientHeight * zoom) };
}

export function makePlot(host: HTMLElement, data: uPlot.AlignedData, o: PlotOptions): uPlot {
  const z = zoomOf(host);
  const axis = { stroke: token("--ink-3"), font: font(11 * z), ticks: { show: false } };
  const grid = { stroke: token("--line"), width: 1 };
  const options: uPlot.Options = {
    ...plotSize(host),
    padding: [6 * z, plotRight * z, o.noTimes ? 5 * z : 0, 0],
    legend: { show: false },
    tzDate: o.zone === "utc" ? (s) => uPlot.tzDate(new Date(s * 1000), "Etc/UTC") : undefined,
    cursor: {
      y: false,
      drag: { x: false, y: false, setScale: false },
      points: { size: 7 * z, width: 1.75, fill: token("--surface") },
      ...(o.sync ? { sync: { key: o.sync, setSeries: false } } : {}),
    },
    scales: { x: { time: true }, y: { range: (_u, low, high) => valueRange(low, high, o) } },
    axes: [
      {
        ...axis,
        grid,
        size: o.noTimes ? 0 : 24 * z,
        gap: 6 * z,
        space: (_u, _axis, low, high) => (high - low < shortTimes ? 64 : 50) * z,
        values: o.noTimes ? () => [] : times(o.zone),
      },
      {
        ...axis,
        grid,
        size: (o.left ?? 44) * z,
        gap: 6 * z,
        space: (_u, _axis, _low, _high, length) => Math.max(30 * z, length / 7),
        values: (_u, marks) => marks.map((v) => o.format(v)),
      },
    ],
    series: [{}, ...o.lines.map((line) => series(line, o))],
    hooks: { setCursor: [(u) => o.onCursor?.(cursorTime(u))], drawClear: [(u) => thinDense(u, o)] },
  };
  const plot = new uPlot(options, data, host);
  plot.root.style.setProperty("zoom", String(1 / z));
  return plot;
}

function series(line: Line, o: PlotOptions): uPlot.Series {
  const color = token(`--c${((line.color - 1) % 8) + 1}`);
  const bars = o.stacked && uPlot.paths.bars?.({ size: [0.86, 26], align: 1 });
  const steps = line.step && uPlot.paths.stepped?.({ align: 1 });
  return {
    label: line.label,
    stroke: o.stacked ? undefined : color,
    width: o.stacked ? 0 : lineWidth,
    fill: o.stacked ? color : line.area ? `color-mix(in srgb, ${color} 11%, transparent)` : undefined,
    points: o.stacked ? { show: false } : lone,
    paths: bars || steps || undefined,
  };
}

// A sample between two gaps has no line: it is a dot.
const lone: uPlot.Series.Points = {
  show: true,
  size: 4,
  width: 0,
  filter: (u, at) => {
    const [from, to] = u.series[0]?.idxs ?? [0, 0];
    return to - from > mostLooked ? [] : lonely(u.data[at] ?? [], Math.max(0, from - 1), to + 1);
  },
};
/** With more samples in sight than this, single ones are not looked for. */
const mostLooked = 3_000;

function valueRange(low: number | null, high: number | null, o: PlotOptions): [number, number] {
  if (low === null || high === null) return [0, 1];
  if (o.fromZero || o.stacked) return [0, high > 0 ? high * 1.12 : 1];
  const room = (high - low) * 0.1 || Math.abs(high) * 0.02 || 1;
  return [low - room, high + room];
}

function times(zone: Zone) {
  return (_u: uPlot, marks: number[]): string[] => {
    const step = marks.length > 1 ? (marks[1] ?? 0) - (marks[0] ?? 0) : 60;
    const show = step < 60 ? clock : step < 86_400 ? hourMinute : date;
    return marks.map((s) => (show === date ? date(s * 1000, zone).slice(5) : show(s * 1000, zone)));
  };
}

const dashes = [5, 3];
const densest = 1.5;
/** Seconds in sight up to which marks show seconds, and so need more room. */
const shortTimes = 240;
const lineWidth = 1.5;

// With a sample on every other pixel a dash cannot be seen and a wide line is a
// blot; both cost most of the time that drawing takes. Dense lines are hairlines.
function thinDense(u: uPlot, o: PlotOptions) {
  if (o.stacked) return;
  const [first, last] = u.series[0]?.idxs ?? [0, 0];
  const dense = (last - first) / Math.max(1, u.width) > densest;
  o.lines.forEach((line, i) => {
    const series = u.series[i + 1];
    if (!series) return;
    series.dash = line.dashed && !dense ? dashes : undefined;
    series.width = dense ? 1 / devicePixelRatio : lineWidth;
  });
}

function cursorTime(u: uPlot): number | null {
  const left = u.cursor.left ?? -1;
  return left < 0 ? null : u.posToVal(left, "x");
}

/** Sums up the columns, topmost first, so that bars drawn in this order stack. */
export function stack(columns: readonly (readonly number[])[]): number[][] {
  const sums: number[][] = [];
  for (let i = columns.length - 1; i >= 0; i--) {
    const below = sums[0];
    sums.unshift((columns[i] ?? []).map((v, at) => v + (below?.[at] ?? 0)));
  }
  return sums;
}
