// One clock for all that moves: everything redraws in the same frame, and only when
// the picture would have moved by half a pixel or has new data.
import type { Board } from "./board";

export type Frame = (from: number, to: number) => void;

const finest = 1 / 60;

export class Frames {
  private readonly drawers = new Set<Frame>();
  private request = 0;
  private drawn = 0;
  private stale = true;

  constructor(
    private readonly board: Board,
    private readonly width: () => number,
  ) {}

  start() {
    const tick = () => {
      this.request = requestAnimationFrame(tick);
      const [from, to] = this.board.span;
      const step = Math.max(finest, (to - from) / Math.max(100, this.width()) / 2);
      if (!this.stale && (!this.board.live || Math.abs(to - this.drawn) < step)) return;
      this.drawn = to;
      this.stale = false;
      for (const draw of this.drawers) draw(from, to);
    };
    tick();
  }

  stop() {
    cancelAnimationFrame(this.request);
  }

  /** New data: draw at the next frame. */
  mark() {
    this.stale = true;
  }

  add(draw: Frame): () => void {
    this.drawers.add(draw);
    this.mark();
    return () => this.drawers.delete(draw);
  }
}
