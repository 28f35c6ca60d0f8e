import { afterEach, describe, expect, it, vi } from "vitest";
import { get, onSignedOut, Problem, send, setToken, url } from "./client";

const answers = (status: number, body: unknown) =>
  vi.stubGlobal(
    "fetch",
    vi.fn(() => Promise.resolve(new Response(JSON.stringify(body), { status }))),
  );

afterEach(() => {
  vi.unstubAllGlobals();
  setToken(undefined);
});

describe("addresses", () => {
  it("repeat lists and leave out what is empty", () => {
    expect(url("/series/range", { series: ["a/b", "c d"], from: -3, bucket: "", to: undefined })).toBe(
      "/api/v1/series/range?series=a%2Fb&series=c+d&from=-3",
    );
    expect(url("/status")).toBe("/api/v1/status");
  });
});

describe("requests", () => {
  it("carry the session's token only when they change something", async () => {
    answers(200, {});
    setToken("secret");
    await get("/status");
    await send("POST", "/publish", { topic: "a" });
    const headers = vi.mocked(fetch).mock.calls.map(([, init]) => new Headers(init?.headers));
    expect(headers.map((h) => h.get("X-CSRF-Token"))).toEqual([null, "secret"]);
    expect(headers[1]?.get("Content-Type")).toBe("application/json");
  });

  it("turn a problem document into a Problem", async () => {
    answers(429, { title: "Too many", detail: "Wait a minute.", code: "MR-4290", reason: "locked_out", instance: "/api/v1/status", requestId: "r1" });
    const problem = await get("/status").catch((error: unknown) => error);
    expect(problem).toBeInstanceOf(Problem);
    expect(problem).toMatchObject({ status: 429, title: "Too many", code: "MR-4290", reason: "locked_out", request: "r1" });
  });

  it("say so when nobody answers", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("network")));
    await expect(get("/status")).rejects.toMatchObject({ status: 0, unreachable: true });
  });

  it("tell when the session has ended, but not when a password was wrong", async () => {
    const ended = vi.fn();
    onSignedOut(ended);
    answers(401, { title: "Not signed in" });
    await send("POST", "/session", {}).catch(() => undefined);
    expect(ended).not.toHaveBeenCalled();
    await get("/status").catch(() => undefined);
    expect(ended).toHaveBeenCalledOnce();
  });
});
