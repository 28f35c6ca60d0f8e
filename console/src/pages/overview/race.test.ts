import { describe, expect, it } from "vitest";
import { largest, layRace, type Stream } from "./race";

const stream = (name: string, rate: number): Stream => ({ name, rate, text: String(rate) });

describe("the race", () => {
  const race = layRace([stream("a", 60), stream("b", 40)], [stream("x", 100), stream("y", 100)], 1000, 160);

  it("has one scale left and right", () => {
    const [a, b] = race.sources;
    const [x] = race.sinks;
    expect((a?.height ?? 0) + (b?.height ?? 0)).toBeCloseTo(x?.height ?? 0);
    expect(race.gates[1]?.height).toBeCloseTo(2 * (race.gates[0]?.height ?? 0));
  });

  it("stays inside its height", () => {
    for (const ribbon of [...race.sources, ...race.sinks]) {
      expect(ribbon.y).toBeGreaterThanOrEqual(0);
      expect(ribbon.y + ribbon.height).toBeLessThanOrEqual(160);
    }
  });

  it("keeps wide water off its neighbours, and room for every name", () => {
    const sinks = [stream("subscribers", 1_000), stream("log", 200), stream("sessions", 0), stream("historian", 200)];
    const { sinks: laid } = layRace([stream("a", 200)], sinks, 1000, 158);
    laid.forEach((one, i) => {
      const next = laid[i + 1] ?? { y: 158, height: 0 };
      expect(one.y).toBeGreaterThanOrEqual(0);
      expect(one.y + one.height).toBeLessThanOrEqual(next.y);
      if (i < 3) expect(next.y + next.height / 2 - one.y - one.height / 2).toBeGreaterThanOrEqual(16);
    });
  });

  it("draws a dry race without a number that is none", () => {
    expect(JSON.stringify(layRace([], [], 800, 160))).not.toContain("null");
    expect(layRace([stream("a", 0)], [], 800, 160).sources[0]?.area).not.toContain("NaN");
  });
});

it("keeps the largest and sums up the rest", () => {
  const list = [stream("a", 1), stream("b", 5), stream("c", 2), stream("d", 3)];
  expect(largest(list, 3, (n) => `${n} others`, String)).toEqual([
    stream("b", 5),
    stream("d", 3),
    { name: "2 others", rate: 3, text: "3" },
  ]);
});
