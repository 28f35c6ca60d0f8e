import { expect, it } from "vitest";
import { filterMatches } from "./topicFilter";

it.each([
  ["a/b", "a/b", true],
  ["a/b", "a", false],
  ["a/+", "a/b", true],
  ["a/+", "a/b/c", false],
  ["a/#", "a", true],
  ["a/#", "a/b/c", true],
  ["#", "a/b", true],
  ["#", "$SYS/x", false],
  ["+/x", "$SYS/x", false],
  ["$SYS/#", "$SYS/x", true],
  ["$share/g/a/+", "a/b", true],
  ["$share/g/a/+", "g/a", false],
])("%s and %s: %s", (filter, topic, want) => expect(filterMatches(filter, topic)).toBe(want));
