// @vitest-environment happy-dom
import { expect, it } from "vitest";
import { Problem } from "../api/client";
import { textFor } from "../i18n/text";
import { errorText } from "./errorText";

it("names a fault in the person's language, and leaves the node's sentence as its detail", () => {
  const problem = new Problem(404, "Not found", "There is no stream lab.", "MR-4040", "r1", "not_found");
  expect(errorText(problem, textFor("en", "utc"))).toBe("There is no stream lab. (MR-4040)");
  expect(errorText(problem, textFor("de", "utc"))).toBe("Nicht gefunden (MR-4040). There is no stream lab.");
  expect(errorText(new Problem(502, "Bad gateway", "", "", ""), textFor("de", "utc"))).toBe("Bad gateway");
});
