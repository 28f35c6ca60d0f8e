import { describe, expect, it } from "vitest";
import type { StreamReader } from "../../api/streams";
import type { StreamStatus } from "../../api/types";
import { conditionOf, slowest } from "./condition";

const quiet = { refusing: false, damaged: 0, appendedRate: 0 } as StreamStatus;
const reader = (name: string, behind: number, lag: number): StreamReader => ({ name, kind: "consumers", position: "1:0", behind, lag });

describe("a stream", () => {
  it("shows the worst that is true of it", () => {
    expect(conditionOf(quiet)).toBe("wait");
    expect(conditionOf({ ...quiet, appendedRate: 3 })).toBe("run");
    expect(conditionOf({ ...quiet, appendedRate: 3, damaged: 1 })).toBe("p2");
    expect(conditionOf({ ...quiet, damaged: 1, refusing: true })).toBe("p1");
  });

  it("names the reader that is furthest behind, and none when all have all", () => {
    expect(slowest([reader("a", 2, 3), reader("b", 1, 60), reader("c", 0, 0)])?.name).toBe("b");
    expect(slowest([reader("a", 9, 0), reader("b", 1, 0)])?.name).toBe("a");
    expect(slowest([reader("c", 0, 0)])).toBeUndefined();
    expect(slowest([])).toBeUndefined();
  });
});
