// @vitest-environment happy-dom
import { expect, it } from "vitest";
import { textFor } from "../../i18n/text";
import { placeText } from "./words";

it.each([
  ["17:3", "17:3"],
  ["17:4294967295", "after 17"],
])("%s is shown as %s", (position, want) => expect(placeText(position, textFor("en", "utc"))).toBe(want));
