import { useEffect, useRef } from "react";
import { useText } from "../../i18n/text";
import { useStage } from "./context";

/** Whose values a column shows: those at the cursor's time, else the newest. */
export function CursorTime() {
  const { t, clockMillis } = useText();
  const { cursor } = useStage();
  const element = useRef<HTMLSpanElement>(null);
  useEffect(
    () =>
      cursor.read((time) => {
        if (!element.current) return;
        const at = time === null ? "" : clockMillis(time * 1000).slice(0, 10);
        element.current.textContent = time === null ? t("chart.now") : `${t("chart.cursor")} ${at}`;
      }),
    [cursor, t, clockMillis],
  );
  return <span ref={element} />;
}
