// Keys that work on every page. None acts while a field has focus, and single keys
// can be turned off (WCAG 2.1.4); Ctrl K always searches.
import { useEffect, useRef } from "react";
import { setPreferences, usePreferences } from "../prefs/preferences";
import { go } from "../router";
import { isBusy } from "./pageKeys";
import { pages } from "./pages";

export type Overlay = "search" | "help" | "password" | null;

const pause = 1_200;

export function useKeys(open: (overlay: Overlay) => void) {
  const { keys, zone } = usePreferences();
  const leader = useRef(0);

  useEffect(() => {
    const down = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        return open("search");
      }
      if (!keys || event.ctrlKey || event.metaKey || event.altKey || isBusy(event.target)) return;
      const key = event.key.toLowerCase();
      const afterG = performance.now() - leader.current < pause;
      leader.current = key === "g" ? performance.now() : 0;
      const page = afterG && pages.find((one) => one.key !== "" && one.key === key);
      if (page) go(page.path);
      else if (key === "/") open("search");
      else if (key === "?") open("help");
      else if (key === "u") setPreferences({ zone: zone === "utc" ? "local" : "utc" });
      else return;
      event.preventDefault();
      event.stopPropagation();
    };
    // Before the page: the second key after G is not its own.
    addEventListener("keydown", down, true);
    return () => removeEventListener("keydown", down, true);
  }, [keys, zone, open]);
}
