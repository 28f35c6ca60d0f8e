// What one person chose on this device: kept in localStorage, shared by all tabs.
import { useSyncExternalStore } from "react";
import type { Language, Zone } from "../i18n/format";

export type Theme = "system" | "light" | "dark";

export interface Preferences {
  theme: Theme;
  language: Language;
  zone: Zone;
  /** Text size in percent. */
  size: number;
  /** False turns single-key shortcuts off (WCAG 2.1.4). */
  keys: boolean;
  /** True folds the navigation to its icons. */
  rail: boolean;
}

export const sizes = [100, 112, 125, 150];

const place = "millrace.preferences";
const dark = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();
let current = load();

function load(): Preferences {
  const language: Language = navigator.language.startsWith("de") ? "de" : "en";
  const base: Preferences = { theme: "system", language, zone: "local", size: 100, keys: true, rail: false };
  try {
    return { ...base, ...(JSON.parse(localStorage.getItem(place) ?? "{}") as Partial<Preferences>) };
  } catch {
    return base;
  }
}

function changed() {
  apply();
  listeners.forEach((tell) => tell());
}

function apply() {
  const root = document.documentElement;
  root.dataset.theme = resolvedTheme();
  root.lang = current.language;
  root.style.zoom = current.size > 100 ? String(current.size / 100) : "";
}

function resolvedTheme(): "light" | "dark" {
  if (current.theme !== "system") return current.theme;
  return dark.matches ? "dark" : "light";
}

function subscribe(tell: () => void) {
  listeners.add(tell);
  return () => listeners.delete(tell);
}

dark.addEventListener("change", changed);
addEventListener("storage", (event) => {
  if (event.key !== place) return;
  current = load();
  changed();
});
apply();

export function setPreferences(change: Partial<Preferences>) {
  current = { ...current, ...change };
  localStorage.setItem(place, JSON.stringify(current));
  changed();
}

export const usePreferences = (): Preferences => useSyncExternalStore(subscribe, () => current);

/** The theme on screen; charts draw themselves anew when it changes. */
export const useResolvedTheme = (): "light" | "dark" => useSyncExternalStore(subscribe, resolvedTheme);
