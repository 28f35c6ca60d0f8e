import { createContext, useContext } from "react";
import type { Cursor } from "./cursor";
import type { Frames } from "./frames";

export interface Stage {
  frames: Frames;
  cursor: Cursor;
}

/** What the charts of the page share: frames and cursor. */
export const StageContext = createContext<Stage | null>(null);

export function useStage(): Stage {
  const stage = useContext(StageContext);
  if (!stage) throw new Error("a chart of Explore stands outside of its stage");
  return stage;
}
