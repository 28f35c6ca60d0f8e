// One MQTT connection of the browser over WebSocket. The library is loaded with the
// first connection.
import type { IClientOptions, IPublishPacket, MqttClient } from "mqtt";
import type { Entry } from "./log";

export type Version = "5" | "3.1.1";
export type QoS = 0 | 1 | 2;

export interface Connect {
  url: string;
  clientId: string;
  user: string;
  password: string;
  version: Version;
  clean: boolean;
  keepAlive: number;
  sessionExpiry: number;
}

export interface Publish {
  topic: string;
  payload: string;
  qos: QoS;
  retain: boolean;
  contentType: string;
  responseTopic: string;
  expiry: number;
  userProperties: readonly (readonly [string, string])[];
}

export interface Reader {
  message: (entry: Omit<Entry, "id">) => void;
  /** The connection ended; code is the broker's reason, 0 without one. */
  ended: (code: number) => void;
}

/** Why a connection did not come about: the broker's reason code, or none. */
export class Refused extends Error {
  constructor(readonly code: number) {
    super(`refused with ${code}`);
  }
}

export interface Session {
  subscribe: (filter: string, qos: QoS, noLocal: boolean) => Promise<number>;
  unsubscribe: (filter: string) => Promise<void>;
  publish: (p: Publish) => Promise<void>;
  end: () => void;
  /** Whether the broker had kept a session. */
  present: boolean;
}

export async function connect(c: Connect, reader: Reader): Promise<Session> {
  const { default: mqtt } = await import("mqtt");
  const client = mqtt.connect(c.url, optionsOf(c));
  let reason = 0;
  let open = false;
  // All of it before the answer: what a kept session has comes with it.
  client.on("message", (topic, payload, packet) => reader.message(entryOf(topic, payload, packet)));
  client.on("disconnect", (packet) => (reason = packet.reasonCode ?? 0));
  client.on("connect", () => (open = true));
  client.on("error", () => undefined); // the connection closes, and that is told
  client.on("close", () => {
    client.end(true);
    if (open) reader.ended(reason);
  });
  const present = await opened(client);
  return {
    present,
    subscribe: (filter, qos, nl) => subscribe(client, filter, qos, nl),
    unsubscribe: (filter) => client.unsubscribeAsync(filter).then(() => undefined),
    publish: (p) => publish(client, c.version, p),
    end: () => void client.end(),
  };
}

export function optionsOf(c: Connect): IClientOptions {
  const five = c.version === "5";
  return {
    clientId: c.clientId,
    username: c.user || undefined,
    password: c.password || undefined,
    protocolVersion: five ? 5 : 4,
    clean: c.clean,
    keepalive: c.keepAlive,
    reconnectPeriod: 0,
    connectTimeout: 10_000,
    timerVariant: "native", // the console's policy allows no workers made from text
    properties: five && c.sessionExpiry > 0 ? { sessionExpiryInterval: c.sessionExpiry } : undefined,
  };
}

function opened(client: MqttClient): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const fail = (code: number) => {
      client.end(true);
      reject(new Refused(code));
    };
    client.once("connect", (packet) => resolve(packet.sessionPresent));
    client.once("error", (error) => fail((error as { code?: number | string }).code as number));
    client.once("close", () => fail(0));
  });
}

async function subscribe(client: MqttClient, filter: string, qos: QoS, nl: boolean): Promise<number> {
  const five = client.options.protocolVersion === 5;
  const granted = await client.subscribeAsync(filter, five ? { qos, nl } : { qos });
  return granted[0]?.qos ?? qos;
}

async function publish(client: MqttClient, version: Version, p: Publish): Promise<void> {
  await client.publishAsync(p.topic, p.payload, {
    qos: p.qos,
    retain: p.retain,
    properties: version === "5" ? propertiesOf(p) : undefined,
  });
}

export function propertiesOf(p: Publish): NonNullable<IPublishPacket["properties"]> {
  return {
    ...(p.contentType && { contentType: p.contentType }),
    ...(p.responseTopic && { responseTopic: p.responseTopic }),
    ...(p.expiry > 0 && { messageExpiryInterval: p.expiry }),
    ...(p.userProperties.length > 0 && { userProperties: grouped(p.userProperties) }),
  };
}

function grouped(pairs: Publish["userProperties"]): Record<string, string | string[]> {
  const out: Record<string, string[]> = {};
  for (const [name, value] of pairs) (out[name] ??= []).push(value);
  return Object.fromEntries(Object.entries(out).map(([name, all]) => [name, all.length > 1 ? all : (all[0] ?? "")]));
}

function entryOf(topic: string, payload: Uint8Array, packet: IPublishPacket): Omit<Entry, "id"> {
  const properties: [string, string][] = [];
  const p = packet.properties ?? {};
  if (p.contentType) properties.push(["contentType", p.contentType]);
  if (p.responseTopic) properties.push(["responseTopic", p.responseTopic]);
  if (p.messageExpiryInterval) properties.push(["expiry", String(p.messageExpiryInterval)]);
  for (const [name, value] of Object.entries(p.userProperties ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) properties.push([name, String(one)]);
  }
  return { at: Date.now(), way: "in", topic, payload, qos: packet.qos, retain: packet.retain, properties };
}

/** Pairs written one a line as name=value. */
export function readPairs(text: string): [string, string][] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.includes("="))
    .map((line) => [line.slice(0, line.indexOf("=")).trim(), line.slice(line.indexOf("=") + 1).trim()]);
}
