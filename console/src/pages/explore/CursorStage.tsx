import { type ReactNode, useEffect, useMemo, useRef } from "react";
import type { Board } from "./board";
import { StageContext } from "./context";
import { Cursor } from "./cursor";
import { Frames } from "./frames";

interface Props {
  board: Board;
  version: number;
  children: ReactNode;
}

/** Gives the charts below one clock and one cursor. */
export function CursorStage({ board, version, children }: Props) {
  const element = useRef<HTMLDivElement>(null);
  const stage = useMemo(
    () => ({ frames: new Frames(board, () => element.current?.clientWidth ?? 800), cursor: new Cursor() }),
    [board],
  );

  useEffect(() => {
    stage.frames.start();
    return () => stage.frames.stop();
  }, [stage]);

  useEffect(() => {
    stage.frames.mark();
    stage.cursor.tell();
  }, [stage, version]);

  return (
    <StageContext value={stage}>
      <div ref={element} className="stagebox">
        {children}
      </div>
    </StageContext>
  );
}
