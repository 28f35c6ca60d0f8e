// A list of any length, asked of the node by pages: only those in sight are asked
// for, and again every few seconds. Rows keep their place until resort.
import { useQueries } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { type Held, hold } from "../kit/hold";
import { get, type Query } from "./client";
import type { Page } from "./types";

const size = 100;
const every = 3_000;
// Pages that are only passed by are not asked for.
const rest = 80;

export interface Paged<Row> {
  /** As many as match; those not in sight yet are undefined. */
  rows: Row[];
  count: number;
  loading: boolean;
  error: unknown;
  /** Whether rows in sight could not be asked for again. */
  isError: boolean;
  /** When they last could. */
  dataUpdatedAt: number;
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
  const held = useRef(nothing<Row>(""));
  const name = `${path} ${asked} ${round}`;
  if (held.current.of !== name) held.current = nothing(name);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);

  const pages = Array.from({ length: range[1] - range[0] + 1 }, (_, i) => range[0] + i);
  const answers = useQueries({
    queries: pages.map((page) => ({
      queryKey: [path, asked, page, round],
      queryFn: ({ signal }: { signal: AbortSignal }) => get<Page<Row>>(path, { ...query, page, limit: size }, signal),
      refetchInterval: every,
      structuralSharing: false as const,
      gcTime: 30_000,
    })),
  });

  const stamp = answers.map((answer) => answer.dataUpdatedAt).join();
  const list = useMemo(() => {
    answers.forEach((answer, i) => {
      const page = pages[i] ?? 1;
      if (!answer.data || held.current.seen.get(page) === answer.data) return;
      held.current.count = answer.data.meta.count;
      held.current.seen.set(page, answer.data);
      held.current.pages.set(page, hold(held.current.pages.get(page)?.rows ?? [], answer.data.items, keyOf));
    });
    return laidOut(held.current.pages, held.current.count);
    // The answers are named by stamp and name.
  }, [stamp, name]);

  const first = answers[0];
  const failed = answers.find((answer) => answer.isError && !answer.data);
  return {
    ...list,
    loading: held.current.pages.size === 0 && (first?.isFetching ?? true),
    error: held.current.pages.size === 0 ? failed?.error : null,
    isError: answers.some((answer) => answer.isError),
    dataUpdatedAt: Math.max(0, ...answers.map((answer) => answer.dataUpdatedAt)),
    resort: useCallback(() => setRound((n) => n + 1), []),
    retry: () => answers.forEach((answer) => void answer.refetch()),
    onRange: useCallback((from, to) => {
      const next = [Math.floor(from / size) + 1, Math.floor(to / size) + 1] as const;
      clearTimeout(timer.current);
      timer.current = setTimeout(() => setRange((now) => (now[0] === next[0] && now[1] === next[1] ? now : next)), rest);
    }, []),
  };
}

/** What is known of a list before its first answer. */
const nothing = <Row>(of: string) => ({
  of,
  /** Rows in all: a page that is under way must not shorten the list. */
  count: 0,
  pages: new Map<number, Held<Row>>(),
  seen: new Map<number, unknown>(),
});

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
