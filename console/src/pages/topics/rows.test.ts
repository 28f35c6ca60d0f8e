import { describe, expect, it } from "vitest";
import type { Page, TopicNode } from "../../api/types";
import { ancestors, flatRows, liveFilters, treeRows } from "./rows";

const node = (topic: string, children = 0): TopicNode => ({
  name: topic.split("/").at(-1) ?? "",
  topic,
  children,
  topics: 1,
  rate: 0,
  hasMessage: children === 0,
  publishers: 1,
});

const page = (items: TopicNode[], count = items.length): Page<TopicNode> => ({
  items,
  meta: { page: 1, limit: 500, count },
});

const plant: Record<string, Page<TopicNode>> = {
  "": page([node("plant", 2)]),
  plant: page([node("plant/a", 1), node("plant/b")], 9),
  "plant/a": page([node("plant/a/temp")]),
};

describe("the tree", () => {
  it("shows the levels that are open and says what it leaves out", () => {
    const rows = treeRows("", new Set(["plant", "plant/a"]), (parent) => plant[parent]);
    expect(rows.map((row) => [row.key, row.level, row.open])).toEqual([
      ["plant", 0, true],
      ["plant/a", 1, true],
      ["plant/a/temp", 2, undefined],
      ["plant/b", 1, undefined],
      ["plant/…", 1, undefined],
    ]);
    expect(rows.at(-1)?.more).toBe(7);
  });

  it("does not open an empty first level, which has the root's address", () => {
    const root = page([node("", 3), node("plant", 2)]);
    const rows = treeRows("", new Set(["", "plant"]), (parent) => (parent === "" ? root : plant[parent]));
    expect(rows.map((row) => [row.key, row.open])).toEqual([
      ["", undefined],
      ["plant", true],
      ["plant/a", false],
      ["plant/b", undefined],
      ["plant/…", undefined],
    ]);
  });

  it("keeps a level that is still loading closed", () => {
    expect(treeRows("", new Set(["plant"]), (parent) => (parent === "" ? plant[""] : undefined))).toHaveLength(1);
  });
});

it("lists topics flat by their filter", () => {
  expect(flatRows(page([node("a/x"), node("b/x")]), (topic) => topic.startsWith("a/")).map((r) => r.key)).toEqual([
    "a/x",
  ]);
});

it("knows the levels above a topic", () => expect(ancestors("a/b/c")).toEqual(["a", "a/b"]));

it("follows the children of the levels in sight and the selected topic", () => {
  const rows = treeRows("", new Set(["plant", "plant/a"]), (parent) => plant[parent]);
  expect(liveFilters(rows, "else/where")).toEqual(["else/where", "plant/+", "plant/a/+"]);
  expect(liveFilters(rows, null, 1)).toEqual(["plant/a/+"]);
});
