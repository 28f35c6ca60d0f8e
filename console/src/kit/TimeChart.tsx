import { type Ref, useEffect, useImperativeHandle, useLayoutEffect, useRef } from "react";
import type uPlot from "uplot";
import { usePreferences, useResolvedTheme } from "../prefs/preferences";
import { makePlot, type PlotOptions, plotSize } from "./plot";

export interface ChartHandle {
  /** New data, and the span of time in sight, in seconds; draws at once. */
  draw: (data: uPlot.AlignedData, from: number, to: number) => void;
}

interface Props extends Omit<PlotOptions, "zone"> {
  /** A sentence for those who cannot see it. */
  label: string;
  /** Data for charts that React redraws; live ones use the handle. */
  data?: uPlot.AlignedData;
  span?: readonly [number, number];
  handle?: Ref<ChartHandle>;
  className?: string;
}

const nothing: uPlot.AlignedData = [[]];

/** Lines or stacked bars over time, on a canvas. */
export function TimeChart({ label, data, span, handle, className = "", ...options }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const shown = useRef<{ data: uPlot.AlignedData; span?: readonly [number, number] }>({ data: nothing });
  const latest = useRef(options);
  latest.current = options;
  const theme = useResolvedTheme();
  const { zone, size, language } = usePreferences();
  const look = JSON.stringify([options.lines, options.noTimes, options.stacked, options.fromZero, options.left]);

  if (data) shown.current = { data, span };

  useLayoutEffect(() => {
    const element = host.current;
    if (!element) return;
    const made = makePlot(element, fill(shown.current.data, latest.current.lines.length), {
      ...latest.current,
      zone,
      format: (v) => latest.current.format(v),
      onCursor: (i) => latest.current.onCursor?.(i),
    });
    plot.current = made;
    show(made, shown.current.span);
    const watcher = new ResizeObserver(() => {
      if (element.clientWidth > 0) made.setSize(plotSize(element));
    });
    watcher.observe(element);
    return () => {
      watcher.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [theme, zone, size, language, look]);

  useEffect(() => {
    if (!plot.current || !data) return;
    plot.current.setData(fill(data, latest.current.lines.length), !span);
    show(plot.current, span);
  }, [data, span]);

  useImperativeHandle(handle, () => ({
    draw: (next, from, to) => {
      shown.current = { data: next, span: [from, to] };
      if (!plot.current || next.length !== latest.current.lines.length + 1) return;
      if (plot.current.data !== next) plot.current.setData(next, false);
      plot.current.setScale("x", { min: from, max: to });
    },
  }));

  return <div ref={host} className={`chart ${className}`} role="img" aria-label={label} />;
}

function show(plot: uPlot, span?: readonly [number, number]) {
  if (span) plot.setScale("x", { min: span[0], max: span[1] });
}

function fill(data: uPlot.AlignedData, lines: number): uPlot.AlignedData {
  if (data.length === lines + 1) return data;
  const empty = new Array<null>(data[0].length).fill(null);
  return [data[0], ...Array.from({ length: lines }, () => empty)];
}
