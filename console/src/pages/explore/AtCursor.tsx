import { useEffect, useRef } from "react";
import { useText } from "../../i18n/text";
import { useStage } from "./context";
import { heldAt, type Track } from "./track";

/** The value under the cursor, else the newest; it writes itself. */
export function AtCursor({ track }: { track: Track }) {
  const { fixed } = useText();
  const { cursor } = useStage();
  const element = useRef<HTMLElement>(null);
  const latest = useRef(track);
  latest.current = track;

  useEffect(() => {
    return cursor.read((time) => {
      const now = latest.current;
      const at = time === null ? now.times.length - 1 : heldAt(now, time);
      const value = now.values[at];
      const text =
        now.kind === "number" && value !== null && value !== undefined
          ? fixed(value, now.decimals)
          : (now.states[at] ?? "");
      if (element.current && element.current.textContent !== text) element.current.textContent = text;
    });
  }, [cursor, fixed, track]);

  return <b ref={element} className="num" />;
}
