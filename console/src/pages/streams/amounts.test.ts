import { describe, expect, it } from "vitest";
import { ageInput, parseAge, parseSize, sizeInput } from "./amounts";

describe("ages", () => {
  it.each([
    ["7d", 604_800],
    ["90 m", 5_400],
    ["1.5h", 5_400],
    ["1,5 h", 5_400],
    ["30 s", 30],
    ["0", 0],
  ])("reads %s", (text, seconds) => expect(parseAge(text)).toBe(seconds));

  it.each(["", "7", "d", "-1d", "7 days", "1e3s", "7d 4h"])("refuses %j", (text) => expect(parseAge(text)).toBeUndefined());

  it.each([0, 30, 90, 5_400, 86_400, 2_592_000])("writes %d so that it is read again", (n) => expect(parseAge(ageInput(n))).toBe(n));

  it("takes the largest whole unit", () => expect([86_400, 5_400].map(ageInput)).toEqual(["1d", "90m"]));
});

describe("sizes", () => {
  it.each([
    ["10 GiB", 10 * 2 ** 30],
    ["512mib", 2 ** 29],
    ["1.5 KiB", 1_536],
    ["100 B", 100],
    ["0", 0],
  ])("reads %s", (text, bytes) => expect(parseSize(text)).toBe(bytes));

  it.each(["", "10", "10 GB", "GiB", "-1 GiB"])("refuses %j", (text) => expect(parseSize(text)).toBeUndefined());

  it.each([0, 1, 1_536, 2 ** 24, 10 * 2 ** 30])("writes %d so that it is read again", (n) => expect(parseSize(sizeInput(n))).toBe(n));
});
