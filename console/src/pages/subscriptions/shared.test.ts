import { expect, it } from "vitest";
import type { Shared } from "../../api/broker";
import { conditionOf, nameOf } from "./shared";

const group: Shared = { share: "w", filter: "jobs/#", strategy: "round_robin", members: 2, connected: 1, lasting: true, waiting: 0, waitingBytes: 0, unacknowledged: 0, lost: 0, dropped: 0, droppedBy: [] };

it("names a group as its members subscribe to it", () => expect(nameOf(group)).toBe("$share/w/jobs/#"));

it("marks losses first, then what waits for nobody", () => {
  const stands = (change: Partial<Shared>) => conditionOf({ ...group, ...change });
  expect([stands({}), stands({ connected: 0 }), stands({ connected: 0, waiting: 3 }), stands({ lost: 1 })]).toEqual(["run", "off", "wait", "p3"]);
});
