// @vitest-environment happy-dom
import { afterEach, expect, it, vi } from "vitest";

afterEach(() => localStorage.clear());

const load = async (kept: string) => {
  localStorage.setItem("millrace.preferences", kept);
  vi.resetModules();
  await import("./preferences");
  return document.documentElement;
};

it("takes what was kept, and leaves out what this version does not know", async () => {
  const root = await load('{"language": "de", "theme": "dark", "size": 125, "zone": 7}');
  expect([root.lang, root.dataset.theme, root.style.zoom]).toEqual(["de", "dark", "1.25"]);
  const other = await load('{"language": "tlh", "theme": "sepia", "size": "huge"}');
  expect([other.lang, other.dataset.theme, other.style.zoom]).toEqual(["en", "light", ""]);
});

it.each(["", "null", "[]", "{"])("begins afresh with %j", async (kept) => expect((await load(kept)).lang).toBe("en"));
