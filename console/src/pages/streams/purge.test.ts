import { describe, expect, it } from "vitest";
import { purgeOrder } from "./purge";

describe("what is asked of a purge", () => {
  it("goes by age, by position, or takes everything", () => {
    expect(purgeOrder("older", "7d", "17:3", false)).toEqual({ before: "-604800s", force: false });
    expect(purgeOrder("upTo", "7d", "17:3", true)).toEqual({ upTo: "17:3", force: true });
    expect(purgeOrder("all", "", "", false)).toEqual({ all: true, force: false });
  });

  it("is nothing while the form does not say what", () => {
    expect(purgeOrder("older", "", "", false)).toBeNull();
    expect(purgeOrder("older", "a while", "", true)).toBeNull();
    expect(purgeOrder("upTo", "7d", "", true)).toBeNull();
  });
});
