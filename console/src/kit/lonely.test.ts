import { expect, it } from "vitest";
import { lonely } from "./lonely";

it.each([
  [[1], [0]],
  [[null, 1, null], [1]],
  [[1, 2], []],
  [[1, undefined, 2], []],
  [[1, null, 2, 3, null, undefined, 4], [0, 6]],
  [[undefined, 1, undefined], [1]],
  [[null, undefined, null], []],
  [[1, 2, null, 3, undefined], [3]],
])("finds in %j those that stand alone", (values, want) => expect(lonely(values, 0, values.length - 1)).toEqual(want));
