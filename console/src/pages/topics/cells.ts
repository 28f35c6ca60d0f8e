// The live values of topics, kept outside React. Cells in sight register a painter;
// twice a second all painters write themselves.
import type { LiveMessage, TopicNode } from "../../api/types";
import { summary } from "../../data/summary";
import { numberOf } from "../../data/value";

export interface Cell {
  number?: number;
  /** What to show when the payload is no single number. */
  text: string;
  /** When the last message arrived, milliseconds since 1970 UTC; 0 for none. */
  time: number;
  publisher: string;
  rate: number;
  spark: readonly number[];
  /** Grows with every new value, so that painters see a change. */
  version: number;
}

type Painter = (cell: Cell, now: number) => void;

const beat = 500;

export class Cells {
  /** Milliseconds that the node's clock is ahead of ours. */
  offset = 0;
  paused = false;
  private readonly cells = new Map<string, Cell>();
  private readonly painters = new Map<string, Set<Painter>>();
  private readonly followers = new Map<string, (m: LiveMessage) => void>();
  private timer: ReturnType<typeof setInterval> | undefined;

  start() {
    this.timer = setInterval(() => this.paint(), beat);
  }

  stop() {
    clearInterval(this.timer);
  }

  /** Takes what the node's registry knows of a topic. */
  takeNode(node: TopicNode) {
    const cell = this.cell(node.topic);
    cell.rate = node.rate;
    if (node.spark) cell.spark = node.spark;
    if (!node.hasMessage || !node.time) return;
    const time = Date.parse(node.time);
    if (time <= cell.time) return;
    cell.time = time;
    cell.publisher = node.publisher ?? "";
    cell.number = node.value;
    cell.text = summary(node.preview ?? "");
    cell.version++;
  }

  takeMessage(m: LiveMessage) {
    const cell = this.cell(m.topic);
    cell.time = Date.parse(m.time);
    cell.publisher = m.publisher;
    cell.number = m.encoding === "text" ? numberOf(m.payload) : undefined;
    cell.text = m.encoding === "text" ? summary(m.payload) : "…";
    cell.version++;
    if (!this.paused) this.followers.get(m.topic)?.(m);
  }

  /** Calls paint twice a second, and at once, until the function returned is called. */
  show(topic: string, paint: Painter): () => void {
    const set = this.painters.get(topic) ?? new Set();
    this.painters.set(topic, set.add(paint));
    const cell = this.cells.get(topic);
    if (cell) paint(cell, this.now());
    return () => {
      set.delete(paint);
      if (set.size === 0 && this.painters.get(topic) === set) this.painters.delete(topic);
    };
  }

  /** Hands over every message of one topic until the function returned is called. */
  follow(topic: string, f: (m: LiveMessage) => void): () => void {
    this.followers.set(topic, f);
    return () => this.followers.delete(topic);
  }

  private paint() {
    if (this.paused || document.hidden) return;
    const now = this.now();
    for (const [topic, painters] of this.painters) {
      const cell = this.cells.get(topic);
      if (cell) painters.forEach((paint) => paint(cell, now));
    }
  }

  private now = () => Date.now() + this.offset;

  private cell(topic: string): Cell {
    let cell = this.cells.get(topic);
    if (!cell) {
      cell = { text: "", time: 0, publisher: "", rate: 0, spark: [], version: 0 };
      this.cells.set(topic, cell);
    }
    return cell;
  }
}
