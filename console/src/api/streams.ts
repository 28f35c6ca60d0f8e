// What the pages about streams and back-ups ask of the node, and what they change.
import { changed, pathOf, whole } from "./broker";
import { get, send } from "./client";
import { client } from "./queries";
import type { components } from "./schema";
import type { Page, Setting, StreamStatus } from "./types";

type Schemas = components["schemas"];
type Body<T> = Omit<T, "$schema">;
export type StreamReader = Schemas["StreamReader"];
export type StreamMessage = Schemas["StreamMessage"];
export type StreamMessages = Schemas["StreamMessages"];
export type NewStream = Body<Schemas["NewStream"]>;
export type StreamPurge = Body<Schemas["StreamPurge"]>;
export type Purged = Schemas["Purged"];
export type ConsumerGroup = Schemas["ConsumerGroup"];
export type NewGroup = Body<Schemas["NewGroup"]>;
export type ChangedGroup = Body<Schemas["ChangedGroup"]>;
export type Replay = Schemas["Replay"];
export type ReplayOrder = Body<Schemas["ReplayOrder"]>;
export type ReplayExtent = Schemas["ReplayExtent"];
export type BackupState = Schemas["BackupState"];
export type Backup = Schemas["Backup"];

const of = (name: string) => `/streams/${encodeURIComponent(name)}`;
const groupOf = (stream: string, name: string) => `${of(stream)}/groups/${encodeURIComponent(name)}`;

export const oneStream = (name: string) => ({
  queryKey: ["/streams", "one", name],
  queryFn: ({ signal }: { signal: AbortSignal }) => get<StreamStatus>(of(name), {}, signal),
  refetchInterval: 2_000,
  retry: false,
});

/** Where a page of messages begins and what it holds. */
export interface Reading {
  after?: string;
  from?: string;
  filter?: string;
}

export const streamPage = 200;

/** A page that is not full is asked for again: more may have come. */
export const readStream = (name: string, reading: Reading) => ({
  queryKey: ["/streams", "messages", name, reading],
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    get<StreamMessages>(`${of(name)}/messages`, { ...reading, limit: streamPage }, signal),
  refetchInterval: (query: { state: { data: StreamMessages | undefined } }) => (query.state.data?.more ? false : 3_000),
  retry: false,
});

export const groupsOf = (stream: string) => whole<ConsumerGroup>(`${of(stream)}/groups`, 2_000);

const tell = async <T>(done: Promise<T>): Promise<T> => {
  const answer = await done;
  await changed("/streams");
  return answer;
};

export const createStream = (stream: NewStream) => tell(send<StreamStatus>("POST", "/streams", stream));
export const changeStream = ({ name, ...settings }: NewStream) => tell(send<StreamStatus>("PATCH", of(name), settings));
/** What is shown of it is asked for again by the page that comes next: this one would ask for what is gone. */
export async function deleteStream(name: string, force: boolean) {
  await send("DELETE", pathOf(of(name), { force: force ? "true" : "" }));
  await client.invalidateQueries({ queryKey: ["/streams"], refetchType: "none" });
}
export const purgeStream = (name: string, purge: StreamPurge, signal?: AbortSignal) =>
  send<Purged>("POST", `${of(name)}/purge`, purge, signal);

const tellGroups = async <T>(stream: string, done: Promise<T>): Promise<T> => {
  const answer = await done;
  await Promise.all([changed(`${of(stream)}/groups`), changed("/streams")]);
  return answer;
};

export const createGroup = (stream: string, group: NewGroup) =>
  tellGroups(stream, send<ConsumerGroup>("POST", `${of(stream)}/groups`, group));
export const changeGroup = (stream: string, name: string, group: ChangedGroup) =>
  tellGroups(stream, send<ConsumerGroup>("PATCH", groupOf(stream, name), group));
export const deleteGroup = (stream: string, name: string) => tellGroups(stream, send("DELETE", groupOf(stream, name)));

export const allReplays = whole<Replay>("/replays", 1_000);
export const countReplay = async (stream: string, order: ReplayOrder, signal?: AbortSignal) =>
  (await send<Schemas["ReplayAnswer"]>("POST", `${of(stream)}/replay`, { ...order, dryRun: true }, signal)).would;
export async function beginReplay(stream: string, order: ReplayOrder) {
  await send("POST", `${of(stream)}/replay`, order);
  await changed("/replays");
}
export async function setReplay(id: string, state: "running" | "paused" | "stopped") {
  await send("PATCH", `/replays/${encodeURIComponent(id)}`, { state });
  await changed("/replays");
}

export const backupState = {
  queryKey: ["/backup"],
  queryFn: ({ signal }: { signal: AbortSignal }) => get<BackupState>("/backup", {}, signal),
  refetchInterval: (query: { state: { data: BackupState | undefined } }) => (query.state.data?.running ? 500 : 3_000),
  retry: false,
};

/** What a back-up would copy. */
export const planBackup = async (signal?: AbortSignal) =>
  (await send<BackupState>("POST", "/backup", { dryRun: true }, signal)).last;

export async function startBackup() {
  await send("POST", "/backup", {});
  await changed("/backup");
}

/** The settings of back-ups, by their names without "backup.". */
export const backupSettings = {
  queryKey: ["config", "backup"],
  queryFn: async ({ signal }: { signal: AbortSignal }) => {
    const { items } = await get<Page<Setting>>("/config", {}, signal);
    const own = items.filter((one) => one.key.startsWith("backup."));
    return Object.fromEntries(own.map((one) => [one.key.slice("backup.".length), String(one.value ?? "")]));
  },
  staleTime: Infinity,
  retry: false,
};
