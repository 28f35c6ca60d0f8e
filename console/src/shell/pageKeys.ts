// Keys of one page. It knows none of the pages: they import it.
import { useEffect, useRef } from "react";
import { usePreferences } from "../prefs/preferences";

/** Single keys of one page, under the rules of useKeys. */
export function usePageKeys(actions: Record<string, () => void>) {
  const { keys } = usePreferences();
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    const down = (event: KeyboardEvent) => {
      if (!keys || event.ctrlKey || event.metaKey || event.altKey || isBusy(event.target)) return;
      const action = latest.current[event.key.toLowerCase()];
      if (!action) return;
      action();
      event.preventDefault();
    };
    addEventListener("keydown", down);
    return () => removeEventListener("keydown", down);
  }, [keys]);
}

/** Whether keys belong to what has focus: a field, or a dialog. */
export function isBusy(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input, textarea, select, [role=dialog]") !== null;
}
