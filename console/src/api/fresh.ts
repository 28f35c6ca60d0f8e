import { useStatus } from "./queries";

/** Whether the node answers, and when it last did. */
export function useFresh(): { fresh: boolean; since: number } {
  const { isError, dataUpdatedAt, data } = useStatus();
  return { fresh: !isError, since: dataUpdatedAt + (data?.offset ?? 0) };
}
