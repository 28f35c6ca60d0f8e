import { describe, expect, it } from "vitest";
import { align } from "./align";
import { stretches, usual } from "./lanes";
import { distinct, labelsOf, metricOf, Slots } from "./names";
import { seriesTree } from "./seriesTree";
import { statsOf } from "./stats";
import { csv, rowsOf } from "./table";
import { extend, heldAt, type Track, toTrack } from "./track";

const at = (s: number) => new Date(s * 1000).toISOString();
const numbers = (times: number[], values: number[], series = "plant/a/temp"): Track =>
  toTrack({ series, times: times.map(at), values, truncated: false });
const words = (times: number[], values: string[]): Track =>
  toTrack({ series: "plant/a/state", times: times.map(at), values, truncated: false });

describe("tracks", () => {
  it("read raw samples and buckets", () => {
    expect(numbers([1, 2], [3, 4])).toMatchObject({ kind: "number", times: [1, 2], values: [3, 4], counts: [1, 1] });
    const bucket = toTrack({
      series: "s",
      times: [at(0)],
      avg: [2],
      min: [1],
      max: [4],
      last: [3],
      count: [9],
      truncated: false,
    });
    expect(bucket).toMatchObject({ kind: "number", values: [2], low: [1], high: [4], counts: [9] });
    expect(words([1], ["run"]).kind).toBe("state");
  });

  it("take a fresh answer over from where it begins, and let the old go", () => {
    const grown = extend(numbers([1, 2, 3], [1, 2, 3]), numbers([3, 4], [30, 40]), 3, 2);
    expect(grown).toMatchObject({ times: [2, 3, 4], values: [2, 30, 40] });
  });

  it("hold a value until the next", () => {
    const track = numbers([10, 20], [1, 2]);
    expect([5, 10, 15, 20, 99].map((t) => heldAt(track, t))).toEqual([-1, 0, 0, 1, 1]);
  });
});

describe("alignment", () => {
  it("merges times and leaves what was not sampled undefined", () => {
    expect(align([numbers([1, 3], [10, 30]), numbers([2, 3], [200, 300])], 0)).toEqual([
      [1, 2, 3],
      [10, undefined, 30],
      [undefined, 200, 300],
    ]);
  });

  it("breaks a line at a gap, not at another's sample", () => {
    const times = [1, 2, 3, 4, 60, 61];
    const [merged, column] = align([numbers(times, times)], 0);
    expect(merged).toHaveLength(7);
    expect(column[4]).toBeNull();
  });

  it("loses no sample of ten fast series", () => {
    const times = Array.from({ length: 3000 }, (_, i) => i / 50);
    const tracks = Array.from({ length: 10 }, (_, n) =>
      numbers(
        times.map((t) => t + n / 1000),
        times,
      ),
    );
    const [merged, ...columns] = align(tracks, 0);
    expect(merged.every((time, i) => i === 0 || time > (merged[i - 1] ?? 0))).toBe(true);
    expect(columns.flat().filter((v) => typeof v === "number")).toHaveLength(30_000);
  });
});

describe("statistics", () => {
  it("of raw samples", () => {
    const stats = statsOf(numbers([0, 1, 2, 3, 9], [2, 4, 4, 6, 100]), 0, 5);
    expect(stats).toMatchObject({ min: 2, mean: 4, max: 6, change: 4, samples: 4 });
    expect(stats?.sigma).toBeCloseTo(Math.SQRT2);
  });

  it("of buckets are weighted and use their extremes", () => {
    const track = { ...numbers([0, 1], [10, 20]), counts: [3, 1], low: [1, 20], high: [10, 99] };
    expect(statsOf(track, 0, 2)).toMatchObject({ min: 1, mean: 12.5, max: 99, samples: 4 });
  });

  it("of nothing are none", () => expect(statsOf(numbers([], []), 0, 9)).toBeNull());
});

describe("lanes", () => {
  const track = words([0, 10, 20, 30], ["run", "run", "fault", "run"]);
  it("join equal states", () => {
    expect(stretches(track, 5, 40)).toEqual([
      { from: 5, to: 20, state: "run" },
      { from: 20, to: 30, state: "fault" },
      { from: 30, to: 40, state: "run" },
    ]);
    expect(usual(stretches(track, 5, 40))).toBe("run");
  });
});

describe("names", () => {
  it("leave out what all share", () => {
    expect(distinct(["p/line-1/press/force", "p/line-2/press/force"])).toEqual(["line-1", "line-2"]);
    expect(distinct(["p/line-1/press/force"])).toEqual(["line-1/press"]);
    expect(metricOf("p/line-1/motor.temp")).toBe("motor.temp");
  });

  it("label each series within its metric", () => {
    const labels = labelsOf(["p/l1/press/force", "p/l2/press/force", "p/l1/press/state"]);
    expect([...labels.values()]).toEqual(["l1", "l2", "l1/press"]);
  });

  it("keep a colour while a series is shown", () => {
    const slots = new Slots();
    slots.of(["a", "b", "c"]);
    expect([...slots.of(["b", "c", "d"])]).toEqual([
      ["b", 1],
      ["c", 2],
      ["d", 0],
    ]);
  });
});

it("builds the tree with lone levels joined and plain values as leaves", () => {
  const list = ["p/d/l1/m/force", "p/d/l1/m/temp", "p/d/l1/x/value"].map((series) => ({ series, kind: "number" }));
  expect(seriesTree(list, () => true).map((r) => [r.name, r.level, r.series ?? r.open])).toEqual([
    ["p / d / l1", 0, true],
    ["m", 1, true],
    ["force", 2, "p/d/l1/m/force"],
    ["temp", 2, "p/d/l1/m/temp"],
    ["x", 1, "p/d/l1/x/value"],
  ]);
});

it("writes rows as CSV that a spreadsheet reads as data", () => {
  const rows = rowsOf([numbers([1, 2], [1.5, -2]), words([2], ['=1+"x"'])], 0, 9);
  expect(csv(rows, ["temp", "state"], "utc")).toBe(
    'time,temp,state\r\n1970-01-01T00:00:01.000Z,1.5,\r\n1970-01-01T00:00:02.000Z,-2,"\'=1+""x"""\r\n',
  );
});
