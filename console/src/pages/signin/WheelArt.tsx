import { useLayoutEffect, useRef, useState } from "react";

const threads = 16;
const gap = 7.4;

/** The overshot wheel and its water: the product's one ornament. */
export function WheelArt() {
  const host = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ w: 0, h: 0 });

  useLayoutEffect(() => {
    const element = host.current;
    if (!element) return;
    const watcher = new ResizeObserver(() => setSize({ w: element.clientWidth, h: element.clientHeight }));
    watcher.observe(element);
    return () => watcher.disconnect();
  }, []);

  const cx = size.w * 0.44;
  const cy = size.h * 0.47;
  const r = Math.min(size.w, size.h) * 0.215;
  return (
    <div ref={host} className="art" aria-hidden="true">
      {size.w > 0 && (
        <svg width={size.w} height={size.h} fill="none" stroke="var(--accent)">
          {Array.from({ length: threads }, (_, i) => (
            <path
              key={i}
              d={thread(i, cx, cy, r, size.w)}
              strokeWidth={i % 4 === 0 ? 1.6 : 0.9}
              opacity={(0.95 - i * 0.052) * 0.6}
              strokeDasharray={i % 3 === 1 ? `${40 + ((i * 37) % 90)} ${6 + ((i * 11) % 14)}` : undefined}
            />
          ))}
          <path d={`M-10 ${cy - r - 5}H${cx - r * 0.12}`} strokeWidth="3" />
          <circle cx={cx} cy={cy} r={r} fill="var(--canvas)" strokeWidth="2" />
          <circle cx={cx} cy={cy} r={r * 0.82} />
          <circle cx={cx} cy={cy} r={r * 0.12} strokeWidth="2" />
          {Array.from({ length: 24 }, (_, k) => (
            <path key={k} d={paddle(k, cx, cy, r)} strokeWidth="1.4" />
          ))}
          {Array.from({ length: 8 }, (_, k) => (
            <path key={k} d={spoke(k, cx, cy, r)} />
          ))}
        </svg>
      )}
    </div>
  );
}

// One thread of water: along the head race, over the wheel, down, out by the tail race.
function thread(i: number, cx: number, cy: number, r: number, width: number): string {
  const turn = r + 12 + i * gap;
  const top = cy - turn;
  const bottom = cy + r + 34 + (threads - i) * gap;
  const x = cx + turn;
  const fall = bottom - r * 0.42 - (threads - i) * 2;
  return (
    `M-10 ${top}H${cx}A${turn} ${turn} 0 0 1 ${x} ${cy}V${fall}` +
    `C${x} ${bottom - r * 0.1} ${x + r * 0.14} ${bottom} ${x + r * 0.5} ${bottom}H${width + 10}`
  );
}

function paddle(k: number, cx: number, cy: number, r: number): string {
  const a = (k / 24) * 2 * Math.PI + 0.06;
  const b = a + 0.13;
  return (
    `M${cx + r * 0.82 * Math.cos(a)} ${cy + r * 0.82 * Math.sin(a)}` +
    `L${cx + r * Math.cos(b)} ${cy + r * Math.sin(b)}`
  );
}

function spoke(k: number, cx: number, cy: number, r: number): string {
  const a = (k / 8) * 2 * Math.PI + 0.06;
  return (
    `M${cx + r * 0.12 * Math.cos(a)} ${cy + r * 0.12 * Math.sin(a)}` +
    `L${cx + r * 0.82 * Math.cos(a)} ${cy + r * 0.82 * Math.sin(a)}`
  );
}
