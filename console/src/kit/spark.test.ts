import { describe, expect, it } from "vitest";
import { marked } from "./Highlight";
import { sparkLine } from "./spark";

describe("sparklines", () => {
  it("break where a value is missing", () => {
    expect(sparkLine([1, 2, Number.NaN, 3, 4], 100, 20)?.d.match(/M/g)).toHaveLength(2);
  });
  it("lie in the middle when nothing changes", () => expect(sparkLine([5, 5, 5], 100, 20)?.y).toBe(10));
  it("are nothing with less than two values", () => expect(sparkLine([1], 100, 20)).toBeNull());
});

describe("marked words", () => {
  it("are found in any case and any order", () => {
    expect(marked("plant/Dryer-14", "14 dry")).toEqual([
      { text: "plant/", hit: false },
      { text: "Dry", hit: true },
      { text: "er-", hit: false },
      { text: "14", hit: true },
    ]);
  });
  it("may hold what is special elsewhere", () => expect(marked("a+b", "+")[1]).toEqual({ text: "+", hit: true }));
});
