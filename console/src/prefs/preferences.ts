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
const values: { [name in keyof Preferences]: readonly Preferences[name][] } = {
  theme: ["system", "light", "dark"],
  language: ["en", "de"],
  zone: ["local", "utc"],
  size: sizes,
  keys: [true, false],
  rail: [true, false],
};
let current = load();

function load(): Preferences {
  const language: Language = navigator.language.startsWith("de") ? "de" : "en";
  const base: Preferences = { theme: "system", language, zone: "local", size: 100, keys: true, rail: false };
  try {
    return { ...base, ...known(JSON.parse(localStorage.getItem(place) ?? "{}")) };
  } catch {
    return base;
  }
}

/** Of what was kept, that which this version knows. */
function known(kept: unknown): Partial<Preferences> {
  if (typeof kept !== "object" || kept === null) return {};
  const fits = ([name, value]: [string, unknown]) => (values[name as keyof Preferences] as readonly unknown[] | undefined)?.includes(value);
  return Object.fromEntries(Object.entries(kept).filter(fits));
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
  try {
    localStorage.setItem(place, JSON.stringify(current));
  } catch {
    // A browser that keeps nothing: it holds until the page is left.
  }
  changed();
}

export const usePreferences = (): Preferences => useSyncExternalStore(subscribe, () => current);

/** The theme on screen; charts draw themselves anew when it changes. */
export const useResolvedTheme = (): "light" | "dark" => useSyncExternalStore(subscribe, resolvedTheme);
