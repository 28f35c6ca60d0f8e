import { useSyncExternalStore } from "react";

/** True while the media query holds. */
export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (tell) => {
      const list = matchMedia(query);
      list.addEventListener("change", tell);
      return () => list.removeEventListener("change", tell);
    },
    () => matchMedia(query).matches,
  );
}

export const usePhone = () => useMedia("(max-width: 720px)");

/** A length token in CSS pixels, such as --h-row. */
export function tokenPixels(name: string): number {
  return Number.parseFloat(getComputedStyle(document.documentElement).getPropertyValue(name));
}
