import { describe, expect, it } from "vitest";
import { readFilter } from "./filter";

describe("the filter above the tree", () => {
  it.each([
    ["", "", ""],
    ["#", "", ""],
    ["plant/line-1/#", "plant/line-1", ""],
    ["plant/+/temperature", "plant", ""],
    ["dryer", "", "dryer"],
  ])("%s begins at %s and searches %s", (text, parent, search) => {
    expect(readFilter(text)).toMatchObject({ parent, search });
  });

  it.each([
    ["plant/#", "plant", true],
    ["plant/+/temp", "plant/a/temp", true],
    ["plant/+/temp", "plant/a/b/temp", false],
    ["plant/+", "plant", false],
    ["DRYER", "plant/dryer-2/temp", true],
  ])("%s on %s: %s", (filter, topic, match) => expect(readFilter(filter).matches(topic)).toBe(match));

  it("needs a second look at what + lets through", () => {
    expect(readFilter("plant/#").exact).toBe(true);
    expect(readFilter("plant/+/temp").exact).toBe(false);
  });
});
