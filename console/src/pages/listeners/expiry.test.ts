import { expect, it } from "vitest";
import { expiryOf } from "./expiry";

const now = Date.parse("2026-11-22T00:00:00Z");

it.each([
  ["2027-11-22T00:00:00Z", "run", 365],
  ["2026-12-10T00:00:00Z", "p3", 18],
  ["2026-11-25T12:00:00Z", "p2", 3],
  ["2026-11-21T00:00:00Z", "p1", -1],
])("a certificate that ends %s is %s", (at, condition, days) => {
  expect(expiryOf(at, now)).toEqual({ condition, days });
});
