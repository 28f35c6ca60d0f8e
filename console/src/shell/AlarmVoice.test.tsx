// @vitest-environment happy-dom
import { act } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { mount } from "../kit/mount";
import { AlarmVoice } from "./AlarmVoice";

let alarms: object[] = [];
const alarm = (id: string) => ({ id, title: id, priority: 2, detail: "", since: "2026-11-22T12:00:00Z" });
const after = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 22, 12) });
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(JSON.stringify({ now: "2026-11-22T12:00:00Z", alarms }))));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("speaks each new alarm, one every five seconds, and none that was there before", async () => {
  alarms = [alarm("old")];
  const { host, close } = await mount(<AlarmVoice />);
  await after(2_000);
  expect(host.textContent).toBe("");
  alarms = [alarm("old"), alarm("disk"), alarm("memory")];
  await after(1_100);
  expect(host.textContent).toContain("disk");
  await after(3_000);
  expect(host.textContent).toContain("disk");
  await after(3_000);
  expect(host.textContent).toContain("memory");
  await close();
});
