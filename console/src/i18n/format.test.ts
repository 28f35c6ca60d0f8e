import { describe, expect, it } from "vitest";
import * as f from "./format";

const noon = Date.UTC(2026, 10, 21, 14, 32, 7, 412);

describe("numbers", () => {
  it.each([
    [0, "0"],
    [48_213, "48,213"],
    [99_999, "99,999"],
    [126_412, "126.4 k"],
    [4_120_000, "4.12 M"],
  ])("counts %d as %s", (value, text) => expect(f.count(value, "en")).toBe(text));

  it("groups as the language does", () => {
    expect(f.count(48_213, "de")).toBe("48.213");
    expect(f.fixed(6.21, 2, "de")).toBe("6,21");
    expect(f.percent(0.34, "en")).toBe("34%");
    expect(f.percent(0.34, "de")).toBe("34\u00a0%");
  });

  it.each([
    [0, "0"],
    [0.02, "0"],
    [12.34, "12.3"],
    [251, "251"],
    [9_664, "9,664"],
    [54_812, "54.8 k"],
    [311_800, "312 k"],
  ])("shows the rate %d as %s", (value, text) => expect(f.rateText(value, "en")).toBe(text));

  it.each([
    [0, "0"],
    [20_000, "20 k"],
    [2.5, "2.5"],
    [-0.4, "−0.4"],
    [1_250, "1,250"],
  ])("marks the axis at %d with %s", (value, text) => expect(f.axis(value, "en")).toBe(text));

  it("never writes minus zero and uses a true minus", () => {
    expect(f.fixed(-0, 1, "en")).toBe("0.0");
    expect(f.fixed(-3.25, 2, "en")).toBe("−3.25");
  });

  it.each([
    [118, "118 B"],
    [63_400_000, "60.5 MiB"],
    [1024, "1.00 KiB"],
  ])("shows %d bytes as %s", (value, text) => expect(f.bytes(value, "en")).toBe(text));

  it("shows traffic in decimal units", () => expect(f.traffic(41_800_000, "en")).toBe("41.8 MB/s"));
});

describe("durations", () => {
  it.each([
    [0.31, "0.3 s"],
    [38.2, "38 s"],
    [242, "4 min 02 s"],
    [3_905, "1 h 05"],
    [187_300, "2 d 4 h"],
  ])("shows %d s as %s", (seconds, text) => expect(f.duration(seconds, "en")).toBe(text));

  it.each([
    [0.1, "100 ms"],
    [30, "30 s"],
    [900, "15 min"],
    [21_600, "6 h"],
    [86_400, "24 h"],
    [604_800, "7 d"],
  ])("names the span %d s %s", (seconds, text) => expect(f.span(seconds, "en")).toBe(text));
});

describe("times", () => {
  it("writes clock and date in UTC", () => {
    expect(f.clock(noon, "utc")).toBe("14:32:07");
    expect(f.clockMillis(noon, "utc")).toBe("14:32:07.412");
    expect(f.dateTime(noon, "utc")).toBe("2026-11-21 14:32:07");
    expect(f.zoneName(noon, "utc")).toBe("UTC");
  });

  it("exports ISO 8601 with an offset", () => {
    expect(f.iso(noon, "utc")).toBe("2026-11-21T14:32:07.412Z");
    expect(Date.parse(f.iso(noon, "local"))).toBe(noon);
  });

  it("shows an age for a day, then the date", () => {
    expect(f.age(noon - 300, noon, "en", "utc")).toBe("0.3 s");
    expect(f.age(noon - 720_000, noon, "en", "utc")).toBe("12 min");
    expect(f.age(noon - 90_000_000, noon, "en", "utc")).toBe("2026-11-20");
  });

  it("says nothing of a time that is none", () => expect(f.clock(Number.NaN, "utc")).toBe(""));
});
