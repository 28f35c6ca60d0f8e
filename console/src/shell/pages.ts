// The pages that exist: navigation, bottom bar and keys all read this list.
import { ChartSpline, LayoutDashboard, ListTree, type LucideIcon } from "lucide-react";
import { type ComponentType, lazy } from "react";
import type { Key } from "../i18n/en";

export interface PageEntry {
  path: string;
  /** Second key after G. */
  key: string;
  name: Key;
  group?: Key;
  icon: LucideIcon;
  view: ComponentType;
}

export const pages: readonly PageEntry[] = [
  {
    path: "/",
    key: "o",
    name: "nav.overview",
    icon: LayoutDashboard,
    view: lazy(() => import("../pages/overview/Overview")),
  },
  {
    path: "/topics",
    key: "t",
    name: "nav.topics",
    group: "nav.broker",
    icon: ListTree,
    view: lazy(() => import("../pages/topics/Topics")),
  },
  {
    path: "/explore",
    key: "e",
    name: "nav.explore",
    group: "nav.data",
    icon: ChartSpline,
    view: lazy(() => import("../pages/explore/Explore")),
  },
];
