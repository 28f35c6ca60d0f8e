// A short list that always comes whole, in the form that ListFrame shows. The node
// keeps its order, so that rows hold still by themselves.
import { useQuery } from "@tanstack/react-query";
import { whole } from "./broker";
import type { Paged } from "./usePaged";

const none: ReadonlySet<string> = new Set();
const nothing = () => undefined;

export function useWhole<Row>(path: string): Paged<Row> {
  const asked = useQuery(whole<Row>(path));
  return {
    rows: asked.data?.items ?? [],
    count: asked.data?.items.length ?? 0,
    loading: asked.isPending,
    error: asked.data ? null : asked.error,
    isError: asked.isError,
    dataUpdatedAt: asked.dataUpdatedAt,
    gone: none,
    changes: 0,
    resort: nothing,
    retry: () => void asked.refetch(),
    onRange: nothing,
  };
}
