// One clock for all that moves: everything redraws in the same frame, and only when
// the picture would have moved by half a pixel or has new data. Where the machine
// cannot keep up, it draws less often rather than late.
import type { Board } from "./board";

export type Frame = (from: number, to: number) => void;

const finest = 1 / 60;
const coarsest = 1 / 4;
/** A frame that follows a drawing later than this is late, in milliseconds. */
const lateFrame = 40;

export class Frames {
  private readonly drawers = new Set<Frame>();
  private request = 0;
  private drawn = 0;
  private stale = true;
  private step = finest;
  private before = 0;
  private drewBefore = false;

  constructor(
    private readonly board: Board,
    private readonly width: () => number,
  ) {}

  start() {
    const tick = (now: number) => {
      this.request = requestAnimationFrame(tick);
      this.adapt(now);
      const [from, to] = this.board.span;
      const moved = Math.abs(to - this.drawn);
      const halfPixel = (to - from) / Math.max(100, this.width()) / 2;
      const due = this.board.live && moved >= Math.max(this.step, halfPixel);
      this.drewBefore = due || (this.stale && moved >= (this.board.live ? this.step : 0));
      if (!this.drewBefore) return;
      this.drawn = to;
      this.stale = false;
      for (const draw of this.drawers) draw(from, to);
    };
    this.request = requestAnimationFrame(tick);
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

  private adapt(now: number) {
    if (this.drewBefore) {
      const late = now - this.before > lateFrame;
      this.step = late ? Math.min(coarsest, this.step * 1.5) : Math.max(finest, this.step * 0.97);
    }
    this.before = now;
  }
}
