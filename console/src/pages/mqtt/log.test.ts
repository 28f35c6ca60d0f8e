import { expect, it } from "vitest";
import { kept, Log } from "./log";

const message = (n: number, way: "in" | "out" = "in") => ({
  at: n,
  way,
  topic: `t/${n}`,
  payload: new Uint8Array(10),
  qos: 0,
  retain: false,
  properties: [],
});

it("shows the newest message first", () => {
  const log = new Log();
  log.add(message(1));
  log.add(message(2));
  expect(log.flush()).toBe(true);
  log.add(message(3));
  log.flush();
  expect(log.entries.map((one) => one.topic)).toEqual(["t/3", "t/2", "t/1"]);
  expect(log.flush()).toBe(false);
});

it("keeps a bounded number and counts them all", () => {
  const log = new Log();
  for (let n = 0; n < kept * 2; n++) {
    log.add(message(n, n % 2 ? "in" : "out"));
    if (n % 7 === 0) log.flush();
  }
  log.flush();
  expect(log.entries).toHaveLength(kept);
  expect(log.entries[0]?.topic).toBe(`t/${kept * 2 - 1}`);
  expect(log.traffic).toEqual({ messagesIn: kept, messagesOut: kept, bytesIn: kept * 10, bytesOut: kept * 10 });
});

it("begins afresh when it is cleared", () => {
  const log = new Log();
  log.add(message(1));
  log.clear();
  expect(log.flush()).toBe(false);
  expect(log.traffic.messagesIn).toBe(0);
});
