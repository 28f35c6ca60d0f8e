// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { watchLive } from "./live";

class Source extends EventTarget {
  static all: Source[] = [];
  static readonly CLOSED = 2;
  readyState = 1;
  constructor(readonly url: string) {
    super();
    Source.all.push(this);
  }
  close() {
    this.readyState = Source.CLOSED;
  }
  say(type: string, data?: unknown) {
    this.dispatchEvent(data === undefined ? new Event(type) : new MessageEvent(type, { data: JSON.stringify(data) }));
  }
}

beforeEach(() => {
  Source.all = [];
  vi.stubGlobal("EventSource", Source);
  vi.useFakeTimers();
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("live messages", () => {
  it("come from one stream for all filters", () => {
    const message = vi.fn();
    const dropped = vi.fn();
    const close = watchLive(["a/+", "b"], "500ms", { message, dropped });
    expect(Source.all[0]?.url).toBe("/api/v1/live?filter=a%2F%2B&filter=b&every=500ms");
    Source.all[0]?.say("message", { topic: "a/x", payload: "1" });
    Source.all[0]?.say("dropped", { dropped: 7 });
    expect(message).toHaveBeenCalledWith({ topic: "a/x", payload: "1" });
    expect(dropped).toHaveBeenCalledWith(7);
    close();
    expect(Source.all[0]?.readyState).toBe(Source.CLOSED);
  });

  it("open again when the node has closed the stream", () => {
    const open = vi.fn();
    const close = watchLive(["#"], "500ms", { message: () => {}, open });
    Source.all[0]?.close();
    Source.all[0]?.say("error");
    expect(open).toHaveBeenLastCalledWith(false);
    vi.runOnlyPendingTimers();
    expect(Source.all).toHaveLength(2);
    close();
  });
});
