// The pages that exist: navigation, bottom bar and keys all read this list.
import {
  Archive,
  Ban,
  Cable,
  ChartSpline,
  DoorOpen,
  KeyRound,
  Layers,
  LayoutDashboard,
  ListTree,
  type LucideIcon,
  MessageCircleQuestion,
  MonitorSmartphone,
  Pin,
  Rss,
  ShieldX,
  Stethoscope,
} from "lucide-react";
import { type ComponentType, lazy } from "react";
import type { Role } from "../api/may";
import type { Key } from "../i18n/en";

export interface PageEntry {
  path: string;
  /** Second key after G; empty for a page that belongs to another. */
  key: string;
  name: Key;
  group?: Key;
  icon: LucideIcon;
  /** The page it belongs to, which the navigation shows in its place. */
  of?: string;
  /** The least role that may see it; without it everybody. */
  least?: Role;
  /** In the bar of narrow screens; the others are under More. */
  bar?: boolean;
  view: ComponentType;
}

export const pages: readonly PageEntry[] = [
  {
    path: "/",
    key: "o",
    name: "nav.overview",
    icon: LayoutDashboard,
    bar: true,
    view: lazy(() => import("../pages/overview/Overview")),
  },
  {
    path: "/clients",
    key: "c",
    name: "nav.clients",
    group: "nav.broker",
    icon: MonitorSmartphone,
    bar: true,
    view: lazy(() => import("../pages/clients/Clients")),
  },
  {
    path: "/client",
    key: "",
    name: "nav.client",
    icon: MonitorSmartphone,
    of: "/clients",
    view: lazy(() => import("../pages/clients/ClientPage")),
  },
  {
    path: "/topics",
    key: "t",
    name: "nav.topics",
    icon: ListTree,
    bar: true,
    view: lazy(() => import("../pages/topics/Topics")),
  },
  {
    path: "/subscriptions",
    key: "b",
    name: "nav.subscriptions",
    icon: Rss,
    view: lazy(() => import("../pages/subscriptions/Subscriptions")),
  },
  {
    path: "/retained",
    key: "r",
    name: "nav.retained",
    icon: Pin,
    view: lazy(() => import("../pages/retained/Retained")),
  },
  {
    path: "/streams",
    key: "s",
    name: "nav.streams",
    icon: Layers,
    view: lazy(() => import("../pages/streams/Streams")),
  },
  {
    path: "/stream",
    key: "",
    name: "nav.stream",
    icon: Layers,
    of: "/streams",
    view: lazy(() => import("../pages/streams/StreamPage")),
  },
  {
    path: "/listeners",
    key: "l",
    name: "nav.listeners",
    icon: DoorOpen,
    view: lazy(() => import("../pages/listeners/Listeners")),
  },
  {
    path: "/explore",
    key: "e",
    name: "nav.explore",
    group: "nav.data",
    icon: ChartSpline,
    bar: true,
    view: lazy(() => import("../pages/explore/Explore")),
  },
  {
    path: "/refused",
    key: "f",
    name: "nav.refused",
    group: "nav.operate",
    icon: ShieldX,
    view: lazy(() => import("../pages/refused/Refused")),
  },
  {
    path: "/bans",
    key: "x",
    name: "nav.bans",
    icon: Ban,
    view: lazy(() => import("../pages/bans/Bans")),
  },
  {
    path: "/access",
    key: "k",
    name: "nav.access",
    icon: KeyRound,
    least: "administrator",
    view: lazy(() => import("../pages/access/Access")),
  },
  {
    path: "/backup",
    key: "u",
    name: "nav.backup",
    icon: Archive,
    least: "administrator",
    view: lazy(() => import("../pages/backup/Backups")),
  },
  {
    path: "/diagnostics",
    key: "i",
    name: "nav.diagnostics",
    icon: Stethoscope,
    view: lazy(() => import("../pages/diagnostics/Diagnostics")),
  },
  {
    path: "/why",
    key: "y",
    name: "nav.why",
    icon: MessageCircleQuestion,
    view: lazy(() => import("../pages/why/Why")),
  },
  {
    path: "/mqtt",
    key: "m",
    name: "nav.mqtt",
    icon: Cable,
    view: lazy(() => import("../pages/mqtt/MqttPage")),
  },
];

/** The entries that stand in the navigation. */
export const listed = pages.filter((page) => !page.of);

/** Whether the entry is that of the path, or of a page that belongs to it. */
export const isAt = (entry: PageEntry, path: string): boolean =>
  entry.path === path || pages.some((page) => page.path === path && page.of === entry.path);
