import { describe, expect, it } from "vitest";
import { hold } from "./hold";

const key = (row: { id: string }) => row.id;
const rows = (text: string) => text.split(" ").map((word) => ({ id: word[0] ?? "", value: word.slice(1) }));
const words = (list: { id: string; value: string }[]) => list.map((row) => row.id + row.value).join(" ");

describe("rows hold still", () => {
  it("takes the first answer as it comes", () => {
    expect(hold([], rows("a1 b2"), key)).toEqual({ rows: rows("a1 b2"), gone: new Set(), changes: 0 });
  });
  it("changes values in place when the order has changed", () => {
    const held = hold(rows("a1 b2 c3"), rows("c9 a1 b2"), key);
    expect(words(held.rows)).toBe("a1 b2 c9");
    expect(held.changes).toBe(3);
  });
  it("puts new rows at the end and keeps those that went", () => {
    const held = hold(rows("a1 b2"), rows("b2 n7"), key);
    expect(words(held.rows)).toBe("a1 b2 n7");
    expect(held.gone).toEqual(new Set(["a"]));
    expect(held.changes).toBeGreaterThan(0);
  });
  it("reports nothing when only values changed", () => {
    expect(hold(rows("a1 b2"), rows("a5 b6"), key).changes).toBe(0);
  });
});
