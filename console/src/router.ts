// Addresses of the console: a path for the page, a query for its state. Built on
// the History API; pages keep their state here so that every view can be linked.
import { useSyncExternalStore } from "react";

export interface Place {
  path: string;
  query: URLSearchParams;
}

const listeners = new Set<() => void>();
let current = read();

function read(): Place {
  return { path: location.pathname, query: new URLSearchParams(location.search) };
}

function changed() {
  current = read();
  listeners.forEach((tell) => tell());
}

addEventListener("popstate", changed);

/** Goes to a path with its query; replace keeps the Back button where it was. */
export function go(to: string, replace = false) {
  if (to === location.pathname + location.search) return;
  if (replace) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  changed();
}

/** Changes single parameters of the present page; null removes one. */
export function setQuery(change: Record<string, string | string[] | null>) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(change)) {
    query.delete(name);
    for (const one of Array.isArray(value) ? value : value === null ? [] : [value]) query.append(name, one);
  }
  const text = query.toString();
  go(location.pathname + (text ? `?${text}` : ""), true);
}

/** The address of a page with parameters. */
export function address(path: string, query: Record<string, string | string[]> = {}): string {
  const text = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) text.append(name, one);
  }
  return text.size > 0 ? `${path}?${text}` : path;
}

export function usePlace(): Place {
  return useSyncExternalStore(
    (tell) => {
      listeners.add(tell);
      return () => listeners.delete(tell);
    },
    () => current,
  );
}
