import { describe, expect, it } from "vitest";
import type { Client, ClientDetail } from "../../api/broker";
import { byTopic, conditionOf, whyOf } from "./condition";

const now = Date.parse("2026-11-22T12:00:00Z");
const calm = { connected: true, limited: false, queued: 0, inflight: 0 } as Client;
const error = (reason: string, at = "2026-11-22T11:58:00Z") => ({ reason, at, code: "MR-4216", text: "" });
const detail = (change: Partial<ClientDetail>) =>
  ({ ...calm, flights: [], queue: [], limits: { queue: 100, clientReceiveMaximum: 2 }, ...change }) as ClientDetail;

describe("the condition of a client", () => {
  it.each([
    ["connected and well", calm, "run"],
    ["gone", { ...calm, connected: false }, "off"],
    ["held back by a limit", { ...calm, limited: true }, "p3"],
    ["losing messages", { ...calm, lastError: error("queue_full") }, "p3"],
    ["refused something lately", { ...calm, lastError: error("forbidden") }, "p4"],
    ["with an error of long ago", { ...calm, lastError: error("queue_full", "2026-11-22T08:00:00Z") }, "run"],
  ] as const)("%s", (_, client, want) => expect(conditionOf(client as Client, now)).toBe(want));
});

describe("why a client is behind", () => {
  it.each([
    ["not at all", {}, null],
    ["its queue is full", { queued: 100 }, "queueFull"],
    ["as many wait in the log", { connected: false, queued: 100, limits: { queue: 100, clientReceiveMaximum: 2, log: { messages: 0, bytes: 0, age: 0 } } }, "waiting"],
    ["its window is full", { queued: 3, inflight: 2 }, "windowFull"],
    ["it is away", { connected: false, queued: 3 }, "waiting"],
    ["a limit holds it", { limited: true }, "limited"],
    ["it loses messages", { lastError: error("slow_reader") }, "losing"],
    ["what waited in the log was given up", { lastError: error("retention") }, "losing"],
  ] as const)("%s", (_, change, want) => expect(whyOf(detail(change as Partial<ClientDetail>), now)).toBe(want));
});

it("counts what waits by topic", () => {
  const queue = ["a", "b", "b"].map((topic) => ({ topic, qos: 1, size: 3 }));
  expect(byTopic(queue)).toEqual([
    { topic: "b", count: 2 },
    { topic: "a", count: 1 },
  ]);
});
