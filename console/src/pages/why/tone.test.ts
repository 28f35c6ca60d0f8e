import { describe, expect, it } from "vitest";
import openapi from "../../../openapi.json";
import de from "../../i18n/de";
import en from "../../i18n/en";
import { namesMessage } from "../../api/messageName";
import { toneOf } from "./tone";

describe("why", () => {
  it("tells messages from topics", () => {
    expect(["0+ijb3f5fvup", "telemetry:2:0"].map(namesMessage)).toEqual([true, true]);
    expect(["plant/line-1", "a:b", "plant/x:1:2", "a:1:b"].map(namesMessage)).toEqual([false, false, false, false]);
  });
  it("has words for every outcome that the API knows", () => {
    for (const outcome of openapi.components.schemas.WhyAnswer.properties.outcome.enum) {
      expect(en).toHaveProperty([`story.outcome.${outcome}`]);
      expect(de).toHaveProperty([`story.outcome.${outcome}`]);
    }
    expect(["sent", "dropped", "unknown"].map(toneOf)).toEqual(["ok", "p3", "off"]);
  });
});
