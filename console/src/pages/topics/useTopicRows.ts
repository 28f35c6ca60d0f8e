import { useQueries, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { get } from "../../api/client";
import { topicChildren, topicPage } from "../../api/queries";
import type { Page, TopicNode } from "../../api/types";
import type { Cells } from "./cells";
import { readFilter } from "./filter";
import { ancestors, flatRows, type TopicRow, treeRows } from "./rows";

const every = 2_000;
const unfoldDepth = 4;

export interface Topics {
  rows: TopicRow[];
  /** All topics that the node remembers under the filter's level. */
  total: number;
  rate: number;
  loading: boolean;
  error: unknown;
  retry: () => void;
  fold: (row: TopicRow, open: boolean) => void;
}

/** The rows of the page: levels that are open, or the topics of a search. */
export function useTopicRows(cells: Cells, text: string, flat: boolean, selected: string | null): Topics {
  const filter = useMemo(() => readFilter(text), [text]);
  const listed = flat || filter.search !== "" || !filter.exact;
  const [open, setOpen] = useState<ReadonlySet<string>>(() => new Set(selected ? ancestors(selected) : []));
  const touched = useRef(new Set<string>());

  const parents = useMemo(() => [filter.parent, ...[...open].sort()], [filter.parent, open]);
  const levels = useQueries({
    queries: (listed ? [] : parents).map((parent) => topicChildren(parent, every)),
  });
  const list = useQuery({
    queryKey: ["topics", "flat", filter.parent, filter.search],
    queryFn: ({ signal }) =>
      get<Page<TopicNode>>(
        "/topics",
        { parent: filter.parent, search: filter.search, flat: "true", limit: topicPage },
        signal,
      ),
    enabled: listed,
    refetchInterval: every,
    structuralSharing: false,
  });
  const root = useQuery(topicChildren("", every));

  const stamp = levels.map((level) => level.dataUpdatedAt).join() + list.dataUpdatedAt + listed;
  const rows = useMemo(() => {
    if (listed) return flatRows(list.data, filter.matches);
    const known = new Map(parents.map((parent, i) => [parent, levels[i]?.data]));
    return treeRows(filter.parent, open, (parent) => known.get(parent));
    // The answers are named by stamp.
  }, [stamp, parents, filter, open]);

  useEffect(() => {
    for (const row of rows) if (!row.more) cells.takeNode(row.node);
  }, [rows, cells]);

  // A level with one child says nothing: unfold it, once.
  useEffect(() => {
    const lone = rows.find(
      (row, i) =>
        row.open === false &&
        row.level < unfoldDepth &&
        !touched.current.has(row.key) &&
        rows[i - 1]?.level !== row.level &&
        rows[i + 1]?.level !== row.level,
    );
    if (!lone) return;
    touched.current.add(lone.key);
    setOpen((before) => new Set(before).add(lone.key));
  }, [rows]);

  useEffect(() => {
    if (selected) setOpen((before) => new Set([...before, ...ancestors(selected)]));
  }, [selected]);

  const first = listed ? list : levels[0];
  const items = (filter.parent === "" && !listed ? root.data : first?.data)?.items ?? [];
  return {
    rows,
    total: listed ? (list.data?.meta.count ?? 0) : items.reduce((sum, node) => sum + node.topics, 0),
    rate: items.reduce((sum, node) => sum + node.rate, 0),
    loading: first?.isPending ?? false,
    error: first?.data ? null : first?.error,
    retry: () => void first?.refetch(),
    fold: (row, unfold) => {
      touched.current.add(row.key);
      setOpen((before) => {
        const next = new Set(before);
        if (unfold) next.add(row.key);
        else next.delete(row.key);
        return next;
      });
    },
  };
}
