import { Problem } from "./client";
import { useStatus } from "./queries";

/** Whether the node answers, and when it last did. */
export function useFresh(): { fresh: boolean; since: number } {
  const { isError, dataUpdatedAt, data } = useStatus();
  return { fresh: !isError, since: dataUpdatedAt + (data?.offset ?? 0) };
}

/** The same of what one query asked: it may fail while the node answers others. */
export function useDated(query: { isError: boolean; dataUpdatedAt: number }): { fresh: boolean; since: number } {
  const node = useFresh();
  const offset = useStatus().data?.offset ?? 0;
  return query.isError ? { fresh: false, since: query.dataUpdatedAt + offset } : node;
}

/** The same of a part of a page: alone, when it failed while the node answers others. Of the node the page tells. */
export function useAlone(query: { isError: boolean; error: unknown; dataUpdatedAt: number }): { alone: boolean; fresh: boolean; since: number } {
  const node = useFresh();
  const away = query.error instanceof Problem && query.error.unreachable;
  return { ...useDated(query), alone: query.isError && node.fresh && !away };
}
