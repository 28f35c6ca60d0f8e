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
const textLeft = 196;
const textRight = 196;

export function layRace(sources: readonly Stream[], sinks: readonly Stream[], width: number, height: number): Race {
  const total = (list: readonly Stream[]) => list.reduce((sum, one) => sum + one.rate, 0);
  const most = Math.max(total(sources), total(sinks));
  const scale = most > 0 ? (height * 0.52) / most : 0;
  const thick = (one: Stream) => Math.max(thinnest, one.rate * scale);
  const sum = (list: readonly Stream[]) => list.reduce((all, one) => all + thick(one), 0);

  const inlet = { x: width * 0.44, height: Math.max(2, sum(sources)) };
  const outlet = { x: width * 0.5, height: Math.max(2, sum(sinks)) };
  const middle = height / 2 - 6;
  const inY = middle - inlet.height / 2;
  const outY = middle - outlet.height / 2;

  const row = (list: readonly Stream[], i: number) =>
    margin + ((height - 2 * margin) / Math.max(1, list.length)) * (i + 0.5);
  const ribbons = (list: readonly Stream[], outer: number, wheel: number, from: number): Ribbon[] => {
    let at = from;
    return list.map((stream, i) => {
      const h = thick(stream);
      const y = row(list, i) - h / 2;
      const made = { stream, ...flow(outer, y, wheel, at, h), y, height: h };
      at += h;
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
