import { describe, expect, it } from "vitest";
import { changedPaths, jsonLines } from "./json";
import { bytesOf, Decimals, decimalsOf, hexLines, numberOf } from "./value";

describe("the number of a payload", () => {
  it.each([
    ["21.5", 21.5],
    [" -3e2 ", -300],
    ['{"v": 6.21, "limit": 6}', 6.21],
    ['{"temp": 61.2, "unit": "°C"}', 61.2],
    ['{"a": 1, "b": 2}', undefined],
    ["running", undefined],
    ["NaN", undefined],
    ["", undefined],
    ["{broken", undefined],
  ])("%s is %s", (payload, value) => expect(numberOf(payload)).toBe(value));
});

describe("decimals", () => {
  it.each([
    [6.21, 2],
    [1204, 0],
    [0.000123, 5],
    [1e-9, 3],
    [123456.789, 0],
  ])("of %d are %d", (value, decimals) => expect(decimalsOf(value)).toBe(decimals));

  it("never shrink while watching", () => {
    const seen = new Decimals();
    expect(seen.of("a", 6.21)).toBe(2);
    expect(seen.of("a", 6)).toBe(2);
    expect(seen.of("b", 6)).toBe(0);
  });
});

describe("JSON lines", () => {
  const of = (value: unknown) => jsonLines(JSON.stringify(value)) ?? [];
  const lines = of({ v: 6.21, limits: { hi: 6, lo: [1, 2] }, none: {} });
  const text = lines.map((l) => "  ".repeat(l.depth) + l.pieces.map((p) => p.text).join(""));

  it("print as JSON does", () => {
    expect(JSON.parse(text.join("\n"))).toEqual({ v: 6.21, limits: { hi: 6, lo: [1, 2] }, none: {} });
    expect(text[1]).toBe('  "v": 6.21,');
  });

  it("know where a fold ends", () => {
    expect(lines[2]?.path).toBe("$.limits");
    expect(text[lines[2]?.end ?? 0]).toBe("  },");
  });

  it("tell what changed since the last message", () => {
    const next = of({ v: 6.3, limits: { hi: 6, lo: [1, 3] }, none: {} });
    expect([...changedPaths(lines, next)]).toEqual(["$.v", "$.limits.lo[1]"]);
  });

  it("stop at the limit", () => expect(jsonLines(`[${"1,".repeat(99)}1]`, 10)).toHaveLength(10));

  it("keep digits and order as they were written", () => {
    const said = (text: string) => jsonLines(text)?.map((l) => l.pieces.map((p) => p.text).join("")).join(" ");
    expect(said('{"serial": 9007199254740993, "v": 1.0, "b": 1, "10": 1, "2": [1e3, -0]}')).toBe(
      '{ "serial": 9007199254740993, "v": 1.0, "b": 1, "10": 1, "2": [ 1e3, -0 ] }',
    );
    expect(said('{"a\\u00e9 \\"b\\": {": "[1, 2]", "e": [], "t": true}')).toBe('{ "aé \\"b\\": {": "[1, 2]", "e": [], "t": true }');
  });

  it("are none of what is no JSON, or too deep", () => {
    expect([jsonLines("{a: 1}"), jsonLines(""), jsonLines("[".repeat(30_000) + "]".repeat(30_000))]).toEqual([undefined, undefined, undefined]);
    expect(jsonLines("6.210")?.[0]?.pieces[0]).toEqual({ kind: "number", text: "6.210" });
  });
});

it("shows bytes as hexadecimal lines", () => {
  expect(hexLines(bytesOf("Millrace\n21.5 ", "text"))).toEqual([
    { offset: "000000", hex: "4d 69 6c 6c 72 61 63 65  0a 32 31 2e 35 20", text: "Millrace·21.5 " },
  ]);
  expect([...bytesOf("AP8=", "base64")]).toEqual([0, 255]);
});
