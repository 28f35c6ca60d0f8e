// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from "vitest";
import { client, clocks, signOut } from "./queries";

describe("the node's clock", () => {
  it("is ahead by what it shows beyond the middle of the question", () => expect(clocks(10_050, 10_000, 10_020)).toEqual({ offset: 40, skew: 30 }));
  it("is not said to differ by the time that an answer took", () => {
    expect(clocks(10_000, 10_000, 16_000)).toEqual({ offset: -3_000, skew: 0 });
    expect(clocks(20_000, 10_000, 16_000).skew).toBe(4_000);
  });
});

describe("signing out", () => {
  const answer = (status: number) => vi.stubGlobal("fetch", () => Promise.resolve(new Response(status === 204 ? null : "{}", { status })));
  const who = () => client.getQueryData(["session"]);
  afterEach(() => vi.unstubAllGlobals());

  it.each([204, 401])("ends the session when the node says %d", async (status) => {
    client.setQueryData(["session"], { user: "anna" });
    answer(status);
    await signOut();
    expect(who()).toBeNull();
  });
  it("fails, and the session goes on, when the node was not told", async () => {
    client.setQueryData(["session"], { user: "anna" });
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("network")));
    await expect(signOut()).rejects.toMatchObject({ status: 0 });
    expect(who()).toEqual({ user: "anna" });
  });
});
