// What pages ask of the node, each with how often it is asked again.
import { keepPreviousData, QueryClient, useQuery } from "@tanstack/react-query";
import { get, Problem, send, setToken } from "./client";
import type { History, Page, Series, Session, Setting, Status, TopicMessage, TopicNode } from "./types";

export const client = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (failures, error) => failures < 2 && error instanceof Problem && error.status >= 502,
      refetchOnWindowFocus: false,
      staleTime: 500,
    },
  },
});

/** Who is signed in; null for nobody. */
export function useSession() {
  return useQuery({ queryKey: ["session"], queryFn: session, staleTime: Infinity, refetchInterval: false });
}

async function session(): Promise<Session | null> {
  try {
    const answer = await get<Session>("/session");
    setToken(answer.csrf);
    return answer;
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return null;
    throw error;
  }
}

export async function signIn(user: string, password: string): Promise<void> {
  const answer = await send<Session>("POST", "/session", { user, password });
  setToken(answer.csrf);
  client.setQueryData(["session"], answer);
}

/** Fails when the node was not told: then the session goes on. */
export async function signOut(): Promise<void> {
  await send("DELETE", "/session").catch((error: unknown) => {
    if (!(error instanceof Problem) || error.status !== 401) throw error;
  });
  forgetSession();
}

/** Forgets who was signed in and all that they saw. */
export function forgetSession() {
  setToken(undefined);
  client.removeQueries({ predicate: (query) => query.queryKey[0] !== "session" });
  client.setQueryData(["session"], null);
}

/** By how much the node's clock is ahead of ours, and how much of that is sure: the answer may have been on its way. */
export function clocks(now: number, sent: number, arrived: number): { offset: number; skew: number } {
  const offset = now - (sent + arrived) / 2;
  return { offset, skew: Math.max(0, Math.abs(offset) - (arrived - sent) / 2) };
}

export function useStatus() {
  return useQuery({
    queryKey: ["status"],
    queryFn: async ({ signal }) => {
      const sent = Date.now();
      const status = await get<Status>("/status", {}, signal);
      return { ...status, ...clocks(Date.parse(status.now), sent, Date.now()) };
    },
    refetchInterval: 1_000,
    retry: false,
    structuralSharing: false,
  });
}

export function useNodeHistory(window: string) {
  return useQuery({
    queryKey: ["history", window],
    queryFn: ({ signal }) => get<History>("/status/history", { window }, signal),
    refetchInterval: 2_000,
    placeholderData: keepPreviousData,
    structuralSharing: false,
  });
}

export const topicPage = 500;

export const topicChildren = (parent: string, every: number) => ({
  queryKey: ["topics", parent],
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    get<Page<TopicNode>>("/topics", { parent, limit: topicPage }, signal),
  refetchInterval: every,
  structuralSharing: false as const,
});

export const topicSearch = (search: string, every: number | false, limit = topicPage) => ({
  queryKey: ["topics", "search", search, limit],
  queryFn: ({ signal }: { signal: AbortSignal }) => get<Page<TopicNode>>("/topics", { search, limit }, signal),
  refetchInterval: every,
  placeholderData: keepPreviousData,
  structuralSharing: false as const,
});

/** Where the node listens for MQTT; administrators may ask. */
export const mqttAddress = {
  queryKey: ["config", "mqtt.listen"],
  queryFn: async ({ signal }: { signal: AbortSignal }) => {
    const setting = await get<Setting>("/config/mqtt.listen", {}, signal);
    return typeof setting.value === "string" ? setting.value : "";
  },
  staleTime: Infinity,
  retry: false,
};

export const lastMessage = (topic: string) => ({
  queryKey: ["last", topic],
  queryFn: ({ signal }: { signal: AbortSignal }) => get<TopicMessage>("/topics/last", { topic }, signal),
  retry: false,
});

export const seriesSearch = (search: string, limit: number) => ({
  queryKey: ["series", "search", search, limit],
  queryFn: ({ signal }: { signal: AbortSignal }) => get<Page<Series>>("/series", { search, limit }, signal),
  placeholderData: keepPreviousData,
});

export const seriesOfTopic = (topic: string) => ({
  queryKey: ["series", "topic", topic],
  queryFn: async ({ signal }: { signal: AbortSignal }) => {
    const page = await get<Page<Series>>("/series", { prefix: `${topic}/`, limit: 100 }, signal);
    return page.items.filter((one) => one.topic === topic);
  },
  refetchInterval: 10_000,
});
