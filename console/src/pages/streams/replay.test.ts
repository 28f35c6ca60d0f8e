import { describe, expect, it } from "vitest";
import { replayOrder, type ReplayWish } from "./replay";

const wish: ReplayWish = { from: "", to: "", filter: "", prefix: "", pace: "0", rate: "", capture: false };

describe("what is asked of a replay", () => {
  it("is nothing but what was filled in", () => expect(replayOrder(wish)).toEqual({ capture: false }));

  it("tells times from positions", () => {
    expect(replayOrder({ ...wish, from: "-1h", to: "now" })).toEqual({ capture: false, from: "-1h", to: "now" });
    expect(replayOrder({ ...wish, from: "17:3", to: " 18:0 " })).toEqual({ capture: false, after: "17:3", upTo: "18:0" });
  });

  it("goes by speed or by rate, never by both", () => {
    expect(replayOrder({ ...wish, pace: "10", rate: "5" })).toEqual({ capture: false, speed: 10 });
    expect(replayOrder({ ...wish, pace: "rate", rate: "5" })).toEqual({ capture: false, rate: 5 });
  });

  it.each(["", "0", "-3", "fast"])("is not asked with the rate %j", (rate) => expect(replayOrder({ ...wish, pace: "rate", rate })).toBeNull());
});
