// The race: geometry of the flow from sources over the wheel to sinks. Widths are
// rates on one scale, the same left and right. Pure.

export interface Stream {
  name: string;
  /** Messages per second. */
  rate: number;
  /** What to write beside the name in place of the rate alone. */
  text: string;
}

export interface Ribbon {
  stream: Stream;
  /** Outline of the water, and its middle line. */
  area: string;
  line: string;
  /** The gate at the outer end. */
  y: number;
  height: number;
}

export interface Race {
  sources: Ribbon[];
  sinks: Ribbon[];
  wheel: string;
  /** Gates of the wheel: x, y and height of the inlet and the outlet. */
  gates: { x: number; y: number; height: number }[];
  factor: { x: number; y: number };
  spill: { line: string; x: number; y: number };
}

const margin = 9;
const thinnest = 1.5;
/** Between a wide ribbon and the next, and the height of a line of text. */
const gap = 4;
const lineOf = 16;
const textLeft = 196;
const textRight = 196;

export function layRace(sources: readonly Stream[], sinks: readonly Stream[], width: number, height: number): Race {
  const total = (list: readonly Stream[]) => list.reduce((sum, one) => sum + one.rate, 0);
  const most = Math.max(total(sources), total(sinks));
  const inner = height - 2 * margin;
  const scale = most > 0 ? Math.min(height * 0.52, roomFor(sources, inner), roomFor(sinks, inner)) / most : 0;
  const thick = (one: Stream) => Math.max(thinnest, one.rate * scale);
  const sum = (list: readonly Stream[]) => list.reduce((all, one) => all + thick(one), 0);

  const inlet = { x: width * 0.44, height: Math.max(2, sum(sources)) };
  const outlet = { x: width * 0.5, height: Math.max(2, sum(sinks)) };
  const middle = height / 2 - 6;
  const inY = middle - inlet.height / 2;
  const outY = middle - outlet.height / 2;

  const ribbons = (list: readonly Stream[], outer: number, wheel: number, from: number): Ribbon[] => {
    const rows = rowsOf(list.map(thick), inner);
    let at = from;
    let top = margin;
    return list.map((stream, i) => {
      const h = thick(stream);
      const y = top + ((rows[i] ?? h) - h) / 2;
      const made = { stream, ...flow(outer, y, wheel, at, h), y, height: h };
      at += h;
      top += rows[i] ?? h;
      return made;
    });
  };

  const spillY = height - 9;
  const edge = outY + outlet.height + 1;
  return {
    sources: ribbons(sources, textLeft, inlet.x, inY),
    sinks: ribbons(sinks, width - textRight, outlet.x, outY),
    wheel: `M${inlet.x} ${inY}L${outlet.x} ${outY}V${outY + outlet.height}L${inlet.x} ${inY + inlet.height}Z`,
    gates: [
      { x: inlet.x - 1, y: inY, height: inlet.height },
      { x: outlet.x - 1, y: outY, height: outlet.height },
    ],
    factor: { x: (inlet.x + outlet.x) / 2, y: middle + 4 },
    spill: {
      line: `M${outlet.x} ${edge}C${outlet.x + 40} ${edge + 1} ${outlet.x + 20} ${spillY} ${outlet.x + 70} ${spillY}`,
      x: outlet.x + 76,
      y: spillY + 4,
    },
  };
}

/** What the water of a list may take up, so that the thin ones have room for their names. */
const roomFor = (list: readonly Stream[], inner: number) => Math.max(inner / 4, inner - list.length * lineOf);

/** How high each row is: all the same, but where water is wider than that. */
function rowsOf(heights: readonly number[], inner: number): number[] {
  const wide = new Set<number>();
  const even = () => (inner - [...wide].reduce((sum, i) => sum + (heights[i] ?? 0) + gap, 0)) / Math.max(1, heights.length - wide.size);
  for (let before = -1; before < wide.size; ) {
    before = wide.size;
    const row = even();
    heights.forEach((h, i) => h + gap > row && wide.add(i));
  }
  const row = even();
  return heights.map((h, i) => (wide.has(i) ? h + gap : row));
}

function flow(outer: number, y: number, wheel: number, at: number, h: number): { area: string; line: string } {
  const m = (outer + wheel) / 2;
  return {
    area:
      `M${outer} ${y}C${m} ${y} ${m} ${at} ${wheel} ${at}V${at + h}` +
      `C${m} ${at + h} ${m} ${y + h} ${outer} ${y + h}Z`,
    line: `M${outer} ${y + h / 2}C${m} ${y + h / 2} ${m} ${at + h / 2} ${wheel} ${at + h / 2}`,
  };
}

/** The largest few, and the rest as one. */
export function largest(
  list: readonly Stream[],
  most: number,
  rest: (count: number) => Stream["name"],
  text: (rate: number) => string,
): Stream[] {
  const sorted = [...list].sort((a, b) => b.rate - a.rate);
  if (sorted.length <= most) return sorted;
  const others = sorted.slice(most - 1);
  const rate = others.reduce((sum, one) => sum + one.rate, 0);
  return [...sorted.slice(0, most - 1), { name: rest(others.length), rate, text: text(rate) }];
}
