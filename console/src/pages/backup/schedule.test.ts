// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";
import { textFor } from "../../i18n/text";
import { quoted, scheduleText } from "./schedule";

const text = textFor("en", "utc");

describe("the schedule", () => {
  it.each([
    [{ folder: "", at: "02:30", every: "1h" }, "by hand only"],
    [{ folder: "/b", at: "", every: "0s" }, "by hand only"],
    [{ folder: "/b", at: "", every: "0" }, "by hand only"],
    [{ folder: "/b", at: "02:30", every: "0" }, "every day at 02:30"],
    [{ folder: "/b", at: "", every: "1h" }, "every 1h"],
    [{ folder: "/b", at: "02:30", every: "1h" }, "every day at 02:30, every 1h"],
  ])("of %j is %s", (settings, words) => expect(scheduleText(settings, text)).toBe(words));
});

describe("a folder for a shell", () => {
  it("is quoted where it needs to be", () => {
    expect(quoted("/mnt/backup/plant-1")).toBe("/mnt/backup/plant-1");
    expect(quoted("/mnt/my back-ups")).toBe("'/mnt/my back-ups'");
    expect(quoted("/mnt/it's; rm")).toBe("'/mnt/it'\\''s; rm'");
    expect(quoted("C:\\backup")).toBe("'C:\\backup'");
  });
});
