import { describe, expect, it } from "vitest";
import { begins, placeOf } from "./begin";

describe("where a group begins", () => {
  it("is one place, or none where it stays", () => {
    expect(begins.map((begin) => placeOf(begin, "17:3"))).toEqual([{}, { after: "0:0" }, { from: "now" }, { from: "17:3" }, { after: "17:3" }]);
  });
});
