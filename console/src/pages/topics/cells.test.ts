import { describe, expect, it, vi } from "vitest";
import type { LiveMessage } from "../../api/types";
import { summary } from "../../data/summary";
import { Cells } from "./cells";

const message = (payload: string, time = "2026-11-21T14:32:07Z"): LiveMessage => ({
  topic: "plant/a",
  time,
  publisher: "plc",
  qos: 0,
  retain: false,
  encoding: "text",
  payload,
  size: payload.length,
  truncated: false,
  count: 1,
});

describe("summaries", () => {
  it.each([
    ['{"ts":1,"temp":61.2,"state":"run"}', "temp 61.2 · state run"],
    ['{"temp":61.2,"press', "temp 61.2"],
    ["running", "running"],
    ["[1,2]", "[…]"],
    ["{}", "{…}"],
  ])("of %s", (payload, text) => expect(summary(payload)).toBe(text));
});

describe("cells", () => {
  it("paint at once what is known, and follow one topic's messages", () => {
    const cells = new Cells();
    const paint = vi.fn();
    const follow = vi.fn();
    cells.follow("plant/a", follow);
    cells.takeMessage(message("21.5"));
    cells.show("plant/a", paint);
    expect(paint.mock.calls[0]?.[0]).toMatchObject({ number: 21.5, publisher: "plc", version: 1 });
    expect(follow).toHaveBeenCalledOnce();
  });

  it("keep a newer live value when the registry answers late", () => {
    const cells = new Cells();
    cells.takeMessage(message("2", "2026-11-21T14:32:09Z"));
    cells.takeNode({
      name: "a",
      topic: "plant/a",
      children: 0,
      topics: 1,
      rate: 3,
      hasMessage: true,
      time: "2026-11-21T14:32:08Z",
      preview: "1",
      value: 1,
      publishers: 1,
    });
    const paint = vi.fn();
    cells.show("plant/a", paint);
    expect(paint.mock.calls[0]?.[0]).toMatchObject({ number: 2, rate: 3 });
  });
});
