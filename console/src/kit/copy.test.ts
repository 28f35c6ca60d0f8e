// @vitest-environment happy-dom
import { afterEach, expect, it, vi } from "vitest";
import { copyText } from "./copy";
import { currentToasts, dismiss, toast } from "./toast";

afterEach(() => {
  vi.unstubAllGlobals();
  currentToasts().forEach((note) => dismiss(note.id));
});

it("copies by selection where the browser refuses its clipboard, or has none", async () => {
  const copied: string[] = [];
  document.execCommand = () => copied.push(document.querySelector("textarea")?.value ?? "") > 0;
  for (const clipboard of [undefined, { writeText: () => Promise.reject(new Error("not allowed")) }]) {
    vi.stubGlobal("navigator", { clipboard });
    await copyText("plant/+", "copied");
  }
  expect(copied).toEqual(["plant/+", "plant/+"]);
  expect(currentToasts().map((note) => note.text)).toEqual(["copied", "copied"]);
});

it("keeps errors on screen while other notes come and go", () => {
  vi.useFakeTimers();
  toast("failed", true);
  for (const text of ["a", "b", "c"]) toast(text);
  expect(currentToasts().map((note) => note.text)).toEqual(["failed", "b", "c"]);
  vi.runAllTimers();
  expect(currentToasts().map((note) => note.text)).toEqual(["failed"]);
  vi.useRealTimers();
});
