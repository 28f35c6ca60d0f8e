// @vitest-environment happy-dom
import { act } from "react";
import { afterEach, expect, it, vi } from "vitest";
import type { Series } from "../../api/types";
import { mount } from "../../kit/mount";
import { MiniHistory } from "./MiniHistory";

vi.mock("../../kit/TimeChart", () => ({ TimeChart: ({ label, data }: { label: string; data: unknown[][] }) => <p>{`${label}: ${data[1]?.join()}`}</p> }));
afterEach(() => vi.unstubAllGlobals());

const series = ["temperature", "speed"].map((metric) => ({ series: `a/${metric}`, metric, kind: "number" })) as Series[];
const answer = (values: number[]) => {
  const times = values.map((_, i) => new Date(Date.UTC(2026, 10, 22, 12, 0, i)).toISOString());
  return new Response(JSON.stringify({ to: "2026-11-22T12:01:00Z", items: [{ times, avg: values }] }));
};

it("never shows the values of one series as those of another", async () => {
  const answers: ((r: Response) => void)[] = [];
  vi.stubGlobal("fetch", () => new Promise((resolve) => answers.push(resolve)));
  const { host, close } = await mount(<MiniHistory series={series} />);
  const press = (name: string) => act(async () => [...host.querySelectorAll("button")].find((b) => b.textContent === name)?.click());
  await act(async () => answers[0]?.(answer([1, 2])));
  await vi.waitFor(() => expect(host.textContent).toContain(": 1,2"));
  await press("speed");
  expect(host.textContent).not.toContain("1,2");
  await act(async () => answers[1]?.(answer([])));
  await vi.waitFor(() => expect(host.textContent).toContain("no data"));
  await press("8 h");
  await act(async () => answers[2]?.(new Response("{}", { status: 503 })));
  await vi.waitFor(() => expect(host.querySelector("[role=alert]")).not.toBeNull());
  await close();
});
