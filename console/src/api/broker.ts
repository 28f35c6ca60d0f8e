// What pages about the broker ask of the node, and what they change.
import { keepPreviousData } from "@tanstack/react-query";
import { get, type Query, send, url } from "./client";
import { client } from "./queries";
import type { components } from "./schema";
import { namesMessage } from "./messageName";
import type { Page } from "./types";

type Schemas = components["schemas"];
export type Client = Schemas["Client"];
export type ClientDetail = Schemas["ClientDetail"];
export type Subscription = Schemas["ClientSubscription"];
export type Shared = Schemas["SharedSubscription"];
export type Retained = Schemas["Retained"];
export type RetainedMessage = Schemas["RetainedMessage"];
export type Listener = Schemas["Listener"];
export type Refusal = Schemas["Refusal"];
export type SlowSubscriber = Schemas["SlowSubscriber"];
export type TopicMetric = Schemas["TopicMetric"];
export type Ban = Schemas["Ban"];
export type Trace = Schemas["Trace"];
export type Redirect = Schemas["Redirect"];
export type AccessOverview = Schemas["AccessOverview"];
export type AccessUser = Schemas["AccessUser"];
export type AccessRule = Schemas["AccessRule"];
export type AccessAnswer = Schemas["AccessAnswer"];
export type AccessQuestion = Omit<Schemas["AccessQuestion"], "$schema">;
export type WhyAnswer = Schemas["WhyAnswer"];
export type WhyNote = Schemas["WhyNote"];
export type WhyReason = Schemas["WhyReason"];
export type NewTrace = Omit<Schemas["NewTrace"], "$schema">;

/** A list that always comes whole. */
export const whole = <T>(path: string, every = 3_000, query: Query = {}) => ({
  queryKey: [path, query],
  queryFn: ({ signal }: { signal: AbortSignal }) => get<Page<T>>(path, query, signal),
  refetchInterval: every,
});

export const clientDetail = (id: string) => ({
  queryKey: ["/clients", "one", id],
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    get<ClientDetail>(`/clients/${encodeURIComponent(id)}`, {}, signal),
  refetchInterval: 2_000,
  retry: false,
});

/** The users and rules that count for MQTT clients. */
export const accessInForce = {
  queryKey: ["/access"],
  queryFn: ({ signal }: { signal: AbortSignal }) => get<AccessOverview>("/access", {}, signal),
  refetchInterval: 3_000,
  retry: false,
};

export const tryAccess = (asked: AccessQuestion) =>
  send<AccessAnswer>("POST", "/access/test", Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== "")));

/** What became of the messages of a topic, or of one message, for a client; again asks anew. */
export const askWhy = (client: string, about: string, since: string, again: string) => ({
  queryKey: ["/why", client, about, since, again],
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    get<WhyAnswer>("/why", { client, since, [namesMessage(about) ? "message" : "topic"]: about }, signal),
  retry: false,
});

/** Where clients are sent instead, if anywhere. */
export const redirectInForce = {
  queryKey: ["/redirect"],
  queryFn: ({ signal }: { signal: AbortSignal }) => get<Redirect>("/redirect", {}, signal),
  refetchInterval: 3_000,
};

export const clientSearch = (prefix: string, limit: number) => ({
  queryKey: ["/clients", "search", prefix, limit],
  queryFn: ({ signal }: { signal: AbortSignal }) => get<Page<Client>>("/clients", { search: prefix, limit }, signal),
  placeholderData: keepPreviousData,
});

export const retainedMessage = (topic: string) => ({
  queryKey: ["/retained", "message", topic],
  queryFn: ({ signal }: { signal: AbortSignal }) => get<RetainedMessage>("/retained/message", { topic }, signal),
  refetchInterval: 5_000,
  retry: false,
});

/** Makes every list under the path be asked for again. */
export const changed = (path: string) => client.invalidateQueries({ queryKey: [path] });

export const kick = (ids: readonly string[], session: boolean) =>
  send<Schemas["Kicked"]>("POST", "/clients/kick", { ids, session });

const largest = 1_000;
/** The most that one request kicks. */
export const mostKicked = 10_000;

/** The identifiers of all clients that a query matches, up to mostKicked. */
export async function allClients(query: Query): Promise<string[]> {
  const ids: string[] = [];
  for (let page = 1; ids.length < mostKicked; page++) {
    const answer = await get<Page<Client>>("/clients", { ...query, page, limit: largest });
    ids.push(...answer.items.map((one) => one.id));
    if (answer.items.length < largest) break;
  }
  return ids.slice(0, mostKicked);
}

/** Removes retained messages, or only counts them. */
export async function deleteRetained(of: { topic?: string; filter?: string }, dryRun = false): Promise<number> {
  const answer = await send<Schemas["Deleted"]>("DELETE", pathOf("/retained", { ...of, dryRun: dryRun ? "true" : "" }));
  return answer.deleted;
}

/** A path with its query, as send takes it. */
export function pathOf(path: string, query: Query): string {
  return url(path, query).slice(url("").length);
}

export const traceFile = (name: string) => url(`/traces/${encodeURIComponent(name)}/file`);
