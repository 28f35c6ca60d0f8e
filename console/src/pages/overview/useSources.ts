import { useQuery } from "@tanstack/react-query";
import { get } from "../../api/client";
import { topicChildren } from "../../api/queries";
import type { Page, TopicNode } from "../../api/types";

const every = 2_000;
const deepest = 4;

/** The groups of topics that messages come from: the first level that branches. */
export function useSources(): readonly TopicNode[] {
  const branch = useQuery({ queryKey: ["branch"], queryFn: firstBranch, refetchInterval: 30_000 });
  const parent = branch.data ?? "";
  const level = useQuery({ ...topicChildren(parent, every), enabled: branch.data !== undefined });
  return level.data?.items ?? [];
}

async function firstBranch(): Promise<string> {
  let parent = "";
  for (let depth = 0; depth < deepest; depth++) {
    const page = await get<Page<TopicNode>>("/topics", { parent, limit: 2 });
    const only = page.meta.count === 1 ? page.items[0] : undefined;
    if (!only || only.children === 0) break;
    parent = only.topic;
  }
  return parent;
}
