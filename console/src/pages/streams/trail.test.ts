import { describe, expect, it } from "vitest";
import { back, forwards, startOf } from "./trail";

describe("the way through a stream", () => {
  it("comes back to where each page began", () => {
    const there = forwards(forwards([], "17:3"), "18:0");
    expect(there).toEqual(["17:3", "18:0"]);
    expect(back(there)).toEqual(["17:3"]);
    expect(back(back(there))).toEqual([]);
    expect(back([])).toEqual([]);
  });

  it("does not go on to where it is", () => expect(forwards(["17:3"], "17:3")).toEqual(["17:3"]));

  it("holds the beginning fast", () => {
    const now = Date.parse("2026-11-22T10:00:00Z");
    expect(startOf("-10m", now)).toBe("2026-11-22T09:50:00.000Z");
    expect(startOf("", now)).toBeUndefined();
    expect(startOf("2026-11-21T00:00:00Z", now)).toBe("2026-11-21T00:00:00Z");
  });
});
