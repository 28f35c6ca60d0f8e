// @vitest-environment happy-dom
import { expect, it } from "vitest";
import { stack } from "../../kit/plot";
import { thin } from "./bars";

it("averages what falls into a bar and leaves the rest at zero", () => {
  const thinned = thin([0, 1, 2, 3, 9], [[2, 4, 6, 8, 10]], [0, 10], 5);
  expect(thinned.times).toEqual([0, 2, 4, 6, 8]);
  expect(thinned.rows).toEqual([[3, 7, 0, 0, 10]]);
});

it("stacks columns so that the first drawn is the tallest", () => {
  expect(
    stack([
      [1, 2],
      [10, 20],
      [100, 200],
    ]),
  ).toEqual([
    [111, 222],
    [110, 220],
    [100, 200],
  ]);
});
