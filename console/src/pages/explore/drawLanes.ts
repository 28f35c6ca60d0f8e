import { plotRight as right } from "../../kit/plot";
import { stretches, usual } from "./lanes";
import type { Track } from "./track";

export const laneHeight = 23;

const left = 56;
const font = '11px "Atkinson Hyperlegible Next", system-ui, sans-serif';

/** Draws state lanes, under the same times as the charts above them. */
export function drawLanes(
  canvas: HTMLCanvasElement,
  tracks: readonly Track[],
  from: number,
  to: number,
  cursor: number | null,
) {
  const context = canvas.getContext("2d");
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  if (!context || width === 0) return;
  const ratio = devicePixelRatio * (canvas.getBoundingClientRect().width / canvas.offsetWidth);
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = font;
  const color = tokens();
  const x = (time: number) => left + ((time - from) / (to - from)) * (width - left - right);
  tracks.forEach((track, row) => drawLane(context, track, row * laneHeight, from, to, x, color));
  if (cursor === null || cursor < from || cursor > to) return;
  context.fillStyle = color("--ink");
  context.fillRect(Math.round(x(cursor)), 0, 1, height);
}

function drawLane(
  context: CanvasRenderingContext2D,
  track: Track,
  top: number,
  from: number,
  to: number,
  x: (time: number) => number,
  color: (name: string) => string,
) {
  const list = stretches(track, from, to);
  const normal = usual(list);
  const others = [...new Set(list.map((one) => one.state).filter((state) => state !== normal))];
  for (const one of list) {
    const at = x(one.from);
    const width = Math.max(1, x(one.to) - at - 1);
    const other = others.indexOf(one.state);
    context.fillStyle = color(other < 0 ? "--surface-3" : other % 2 === 0 ? "--water-3" : "--water-2");
    context.fillRect(at, top + 2, width, laneHeight - 5);
    if (other >= 0) {
      context.fillStyle = color("--accent-line");
      context.fillRect(at, top + 2, width, 2);
    }
    if (context.measureText(one.state).width + 10 > width) continue;
    context.fillStyle = color("--ink-2");
    context.fillText(one.state, Math.max(at, left) + 5, top + 16);
  }
}

function tokens(): (name: string) => string {
  const style = getComputedStyle(document.documentElement);
  return (name) => style.getPropertyValue(name).trim();
}
