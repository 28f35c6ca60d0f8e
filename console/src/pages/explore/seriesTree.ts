// Series as a tree by the levels of their topics. Levels with one child are joined;
// a topic whose only metric is "value" is a leaf itself. Pure.

export interface TreeRow {
  key: string;
  name: string;
  level: number;
  /** Undefined for a series. */
  open?: boolean;
  series?: string;
  kind?: string;
}

export interface Leaf {
  series: string;
  kind: string;
}

interface Branch {
  name: string;
  path: string;
  branches: Map<string, Branch>;
  leaf?: Leaf;
}

export function seriesTree(list: readonly Leaf[], isOpen: (path: string, level: number) => boolean): TreeRow[] {
  const root = grow(list);
  const rows: TreeRow[] = [];
  for (const branch of root.branches.values()) write(rows, branch, 0, isOpen);
  return rows;
}

function grow(list: readonly Leaf[]): Branch {
  const root: Branch = { name: "", path: "", branches: new Map() };
  for (const leaf of list) {
    let at = root;
    for (const level of leaf.series.split("/")) {
      let next = at.branches.get(level);
      if (!next) {
        next = { name: level, path: at.path ? `${at.path}/${level}` : level, branches: new Map() };
        at.branches.set(level, next);
      }
      at = next;
    }
    at.leaf = leaf;
  }
  return root;
}

function write(rows: TreeRow[], branch: Branch, level: number, isOpen: (path: string, level: number) => boolean) {
  let at = branch;
  let name = branch.name;
  for (;;) {
    const only = at.branches.size === 1 && !at.leaf ? at.branches.values().next().value : undefined;
    if (!only) break;
    if (only.leaf && only.branches.size === 0) {
      if (only.name !== "value") break;
      rows.push({ key: only.path, name, level, series: only.leaf.series, kind: only.leaf.kind });
      return;
    }
    at = only;
    name = `${name} / ${only.name}`;
  }
  if (at.leaf) rows.push({ key: at.path, name, level, series: at.leaf.series, kind: at.leaf.kind });
  if (at.branches.size === 0) return;
  const open = isOpen(at.path, level);
  rows.push({ key: `${at.path}/`, name, level, open });
  if (open) for (const child of at.branches.values()) write(rows, child, level + 1, isOpen);
}
