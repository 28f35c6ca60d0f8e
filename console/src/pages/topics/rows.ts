// The rows of the tree, from the levels that are open. Pure.
import type { Page, TopicNode } from "../../api/types";

export interface TopicRow {
  key: string;
  node: TopicNode;
  level: number;
  /** Undefined for a topic without levels below it. */
  open?: boolean;
  /** More levels than a page holds: how many are not shown. */
  more?: number;
}

export type Levels = (parent: string) => Page<TopicNode> | undefined;

export function treeRows(root: string, open: ReadonlySet<string>, levels: Levels): TopicRow[] {
  const rows: TopicRow[] = [];
  add(rows, root, 0, open, levels);
  return rows;
}

function add(rows: TopicRow[], parent: string, level: number, open: ReadonlySet<string>, levels: Levels) {
  const page = levels(parent);
  if (!page) return;
  for (const node of page.items) {
    // An empty first level has the root's own address: it cannot be asked for.
    const folds = node.children > 0 && node.topic !== parent;
    const isOpen = folds ? open.has(node.topic) : undefined;
    rows.push({ key: node.topic, node, level, open: isOpen });
    if (isOpen) add(rows, node.topic, level + 1, open, levels);
  }
  const more = page.meta.count - page.items.length;
  const last = page.items.at(-1);
  if (more > 0 && last) rows.push({ key: `${parent}/…`, node: { ...last, children: 0 }, level, more });
}

export function flatRows(page: Page<TopicNode> | undefined, matches: (topic: string) => boolean): TopicRow[] {
  const items = page?.items.filter((node) => node.hasMessage && matches(node.topic)) ?? [];
  return items.map((node) => ({ key: node.topic, node, level: 0 }));
}

/** The levels above a topic, outermost first. */
export function ancestors(topic: string): string[] {
  const levels = topic.split("/");
  return levels.slice(1).map((_, i) => levels.slice(0, i + 1).join("/"));
}

/** The level above; empty for the root. */
export function parentOf(topic: string): string {
  return topic.slice(0, Math.max(0, topic.lastIndexOf("/")));
}

/** Filters that cover the topics in sight: their parents' children, and the selected one. */
export function liveFilters(visible: readonly TopicRow[], selected: string | null, most = 20): string[] {
  const filters = new Set<string>();
  if (selected) filters.add(selected);
  for (const row of visible) {
    if (!row.node.hasMessage || row.more || filters.size >= most) continue;
    const parent = parentOf(row.node.topic);
    filters.add(row.node.topic.includes("/") ? `${parent}/+` : row.node.topic);
  }
  return [...filters].sort();
}
