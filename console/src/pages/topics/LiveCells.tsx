// Cells that write themselves twice a second, outside React's state.
import { createContext, useContext, useEffect, useRef } from "react";
import { Decimals } from "../../data/value";
import { useText } from "../../i18n/text";
import { Spark, type SparkHandle } from "../../kit/Spark";
import type { Cell, Cells } from "./cells";

export const CellsContext = createContext<Cells | null>(null);

const decimals = new Decimals();
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const fade = 700;

function usePainter(topic: string, paint: (cell: Cell, now: number) => void) {
  const cells = useContext(CellsContext);
  const latest = useRef(paint);
  latest.current = paint;
  useEffect(() => cells?.show(topic, (cell, now) => latest.current(cell, now)), [cells, topic]);
}

export function ValueCell({ topic }: { topic: string }) {
  const { fixed } = useText();
  const element = useRef<HTMLSpanElement>(null);
  const seen = useRef(0);
  const flashed = useRef(0);
  usePainter(topic, (cell, now) => {
    const at = element.current;
    if (!at || cell.version === seen.current) return;
    const text = cell.number === undefined ? cell.text : fixed(cell.number, decimals.of(topic, cell.number));
    if (at.textContent !== text) {
      at.textContent = text;
      at.classList.toggle("long", cell.number === undefined);
      if (cell.number !== undefined && seen.current > 0 && now - flashed.current > 1_000 && !calm.matches) {
        flashed.current = now;
        at.animate([{ backgroundColor: "var(--water-2)" }, { backgroundColor: "transparent" }], fade);
      }
    }
    seen.current = cell.version;
  });
  return <span ref={element} className="vv el" />;
}

export function SparkCell({ topic }: { topic: string }) {
  const spark = useRef<SparkHandle>(null);
  const drawn = useRef<readonly number[]>([]);
  usePainter(topic, (cell) => {
    if (cell.spark === drawn.current) return;
    drawn.current = cell.spark;
    spark.current?.draw(cell.spark);
  });
  return <Spark ref={spark} />;
}

export function RateCell({ topic }: { topic: string }) {
  const { rate } = useText();
  const element = useRef<HTMLSpanElement>(null);
  usePainter(topic, (cell) => {
    const at = element.current;
    if (!at) return;
    at.textContent = rate(cell.rate < 0.05 ? 0 : cell.rate);
    at.classList.toggle("z", cell.rate < 0.05);
  });
  return <span ref={element} />;
}

export function AgeCell({ topic }: { topic: string }) {
  const { age, dateTime } = useText();
  const element = useRef<HTMLSpanElement>(null);
  usePainter(topic, (cell, now) => {
    if (!element.current || cell.time === 0) return;
    element.current.textContent = age(cell.time, now);
    element.current.title = dateTime(cell.time);
  });
  return <span ref={element} />;
}

export function PublisherCell({ topic, publishers }: { topic: string; publishers: number }) {
  const { t } = useText();
  const element = useRef<HTMLSpanElement>(null);
  usePainter(topic, (cell) => {
    if (element.current) element.current.textContent = cell.publisher || t("topics.publishers", { n: publishers });
  });
  return <span ref={element} className="el" />;
}
