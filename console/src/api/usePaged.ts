// A list of any length, asked of the node by pages: only those in sight are asked
// for, and again every few seconds. Rows keep their place until resort.
import { keepPreviousData, useQueries } from "@tanstack/react-query";
import { useCallback, useMemo, useRef, useState } from "react";
import { type Held, hold } from "../kit/hold";
import { get, type Query } from "./client";
import type { Page } from "./types";

const size = 100;
const every = 3_000;

export interface Paged<Row> {
  /** As many as match; those not in sight yet are undefined. */
  rows: Row[];
  count: number;
  loading: boolean;
  error: unknown;
  /** Keys of rows that are there no more. */
  gone: ReadonlySet<string>;
  /** Rows that would move if the list was sorted anew. */
  changes: number;
  resort: () => void;
  retry: () => void;
  onRange: (first: number, last: number) => void;
}

export function usePaged<Row>(path: string, query: Query, keyOf: (row: Row) => string): Paged<Row> {
  const asked = JSON.stringify(query);
  const [round, setRound] = useState(0);
  const [range, setRange] = useState<readonly [number, number]>([1, 1]);
  const held = useRef({ of: "", pages: new Map<number, Held<Row>>(), seen: new Map<number, unknown>() });
  const name = `${path} ${asked} ${round}`;
  if (held.current.of !== name) held.current = { of: name, pages: new Map(), seen: new Map() };

  const pages = Array.from({ length: range[1] - range[0] + 1 }, (_, i) => range[0] + i);
  const answers = useQueries({
    queries: pages.map((page) => ({
      queryKey: [path, asked, page, round],
      queryFn: ({ signal }: { signal: AbortSignal }) => get<Page<Row>>(path, { ...query, page, limit: size }, signal),
      refetchInterval: every,
      placeholderData: keepPreviousData,
      structuralSharing: false as const,
      gcTime: 30_000,
    })),
  });

  const stamp = answers.map((answer) => `${answer.dataUpdatedAt}${answer.isPlaceholderData}`).join();
  const list = useMemo(() => {
    answers.forEach((answer, i) => {
      const page = pages[i] ?? 1;
      if (!answer.data || answer.isPlaceholderData || held.current.seen.get(page) === answer.data) return;
      held.current.seen.set(page, answer.data);
      held.current.pages.set(page, hold(held.current.pages.get(page)?.rows ?? [], answer.data.items, keyOf));
    });
    return laidOut(held.current.pages, answers.find((answer) => answer.data)?.data?.meta.count ?? 0);
    // The answers are named by stamp and name.
  }, [stamp, name]);

  const first = answers[0];
  const failed = answers.find((answer) => answer.isError && !answer.data);
  return {
    ...list,
    loading: held.current.pages.size === 0 && (first?.isFetching ?? true),
    error: held.current.pages.size === 0 ? failed?.error : null,
    resort: useCallback(() => setRound((n) => n + 1), []),
    retry: () => answers.forEach((answer) => void answer.refetch()),
    onRange: useCallback((from, to) => {
      const next = [Math.floor(from / size) + 1, Math.floor(to / size) + 1] as const;
      setRange((now) => (now[0] === next[0] && now[1] === next[1] ? now : next));
    }, []),
  };
}

function laidOut<Row>(pages: ReadonlyMap<number, Held<Row>>, count: number) {
  const rows: Row[] = [];
  const gone = new Set<string>();
  let changes = 0;
  let extra = 0;
  for (const [page, held] of [...pages].sort(([a], [b]) => a - b)) {
    held.rows.forEach((row, i) => (rows[(page - 1) * size + i] = row));
    held.gone.forEach((key) => gone.add(key));
    changes += held.changes;
    extra = Math.max(extra, (page - 1) * size + held.rows.length);
  }
  rows.length = Math.max(count, extra);
  return { rows, count, gone, changes };
}
