import { expect, it } from "vitest";
import { traceName } from "./traceName";

const at = Date.parse("2026-11-22T02:30:00Z");

it.each([
  ["press-1", "press-1-20261122023000"],
  ["plant/+/temperature", "plant-temperature-20261122023000"],
  ["10.1.0.0/16", "10-1-0-0-16-20261122023000"],
  ["#", "trace-20261122023000"],
  ["x".repeat(200), `${"x".repeat(40)}-20261122023000`],
])("%s is written to %s", (value, name) => {
  expect(traceName(value, at)).toBe(name);
  expect(name).toMatch(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/);
});
