import { useEffect, useState, useSyncExternalStore } from "react";
import { useStatus } from "../../api/queries";
import { Board, type View } from "./board";

/** A board that shows the view; the component renders anew when it changed. */
export function useBoard(view: View): { board: Board; version: number } {
  const [store] = useState(() => {
    const listeners = new Set<() => void>();
    const made = {
      version: 0,
      board: new Board(() => {
        made.version++;
        listeners.forEach((tell) => tell());
      }),
      subscribe: (tell: () => void) => {
        listeners.add(tell);
        return () => listeners.delete(tell);
      },
    };
    return made;
  });
  store.board.offset = useStatus().data?.offset ?? 0;
  const series = view.series.join("\n");
  useEffect(() => {
    store.board.show({ series: series ? series.split("\n") : [], seconds: view.seconds, end: view.end });
    return () => store.board.close();
  }, [store, series, view.seconds, view.end]);
  const version = useSyncExternalStore(store.subscribe, () => store.version);
  return { board: store.board, version };
}
