// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Board } from "./board";

// A node that samples every series once a second, at full seconds.
const now = Date.UTC(2026, 10, 21, 12);
const unknown = new Set(["gone/value"]);
let asked: URLSearchParams[] = [];

function answer(address: string): Response {
  const query = new URL(address, "http://node").searchParams;
  asked.push(query);
  const names = query.getAll("series");
  if (names.some((name) => unknown.has(name))) return new Response("{}", { status: 404 });
  const end = query.get("to") === "now" ? Date.now() : Number(query.get("to"));
  const from = query.get("from")?.startsWith("-") ? end - 1000 : Number(query.get("from"));
  const times: number[] = [];
  for (let t = Math.ceil(from / 1000) * 1000; t < end; t += 1000) times.push(t);
  const values = times.map((t) => t / 1000);
  const items = names.map((series) => ({ series, times: times.map(iso), values, truncated: false }));
  return new Response(JSON.stringify({ from: iso(from), to: iso(end), bucket: 0, items }));
}
const iso = (ms: number) => new Date(ms).toISOString();

beforeEach(() => {
  asked = [];
  vi.useFakeTimers({ now });
  vi.stubGlobal("fetch", (address: string) => Promise.resolve(answer(address)));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("the board", () => {
  it("reads the window, then only the newest samples, without gap or double", async () => {
    const board = new Board(() => {});
    board.show({ series: ["a/value"], seconds: 60, end: null });
    await vi.advanceTimersByTimeAsync(5_600);
    board.close();
    const times = board.tracks[0]?.times ?? [];
    expect(times.at(-1)).toBe((now + 5_000) / 1000);
    expect(times.every((t, i) => i === 0 || t - (times[i - 1] ?? 0) === 1)).toBe(true);
    expect(times.length).toBeLessThan(70);
    expect(Number(asked.at(-1)?.get("from"))).toBeGreaterThan(now);
  });

  it("does not take the answer to a question of before", async () => {
    const answers: (() => void)[] = [];
    vi.stubGlobal("fetch", (address: string) => new Promise((resolve) => answers.push(() => resolve(answer(address)))));
    const board = new Board(() => {});
    board.show({ series: ["a/value"], seconds: 60, end: null });
    board.show({ series: ["b/value"], seconds: 60, end: null });
    answers[1]?.();
    await vi.advanceTimersByTimeAsync(10);
    answers[0]?.();
    await vi.advanceTimersByTimeAsync(10);
    board.close();
    expect(board.tracks.map((track) => track.series)).toEqual(["b/value"]);
  });

  it("leaves out a series that the historian does not know and shows the rest", async () => {
    const board = new Board(() => {});
    board.show({ series: ["a/value", "gone/value"], seconds: 60, end: null });
    await vi.advanceTimersByTimeAsync(100);
    board.close();
    expect(board.unknown).toEqual(["gone/value"]);
    expect(board.tracks.map((track) => track.series)).toEqual(["a/value"]);
    expect(board.error).toBeNull();
  });

  it("asks once for a fixed time, in buckets that suit it", async () => {
    const board = new Board(() => {});
    board.show({ series: ["a/value"], seconds: 3_600, end: now / 1000 });
    await vi.advanceTimersByTimeAsync(60_000);
    board.close();
    expect(asked).toHaveLength(1);
    expect(asked[0]?.get("bucket")).toBe("5s");
    expect(board.span).toEqual([now / 1000 - 3_600, now / 1000]);
  });

  it("keeps what it has when the node goes away, and goes on when it returns", async () => {
    const board = new Board(() => {});
    board.show({ series: ["a/value"], seconds: 60, end: null });
    await vi.advanceTimersByTimeAsync(600);
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("network")));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(board.error).not.toBeNull();
    expect(board.tracks[0]?.times.length).toBeGreaterThan(50);
    vi.stubGlobal("fetch", (address: string) => Promise.resolve(answer(address)));
    await vi.advanceTimersByTimeAsync(3_000);
    board.close();
    expect(board.error).toBeNull();
    const times = board.tracks[0]?.times ?? [];
    expect(times.every((t, i) => i === 0 || t - (times[i - 1] ?? 0) === 1)).toBe(true);
  });
});
