// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";
import type { ClientDetail } from "../../api/broker";
import { textFor } from "../../i18n/text";
import { boundsText, windowText } from "./backlog";

const text = textFor("en", "utc");
const of = (log?: { messages: number; bytes: number; age: number }) =>
  boundsText({ queuedBytes: 26, limits: { queue: 1_000, log } } as ClientDetail, text);

describe("what waits for a client", () => {
  it("is bounded by its queue", () => expect(of()).toBe("of 1,000, 26 B"));
  it("of a session that lasts, by what the log keeps", () => {
    expect(of({ messages: 0, bytes: 2 ** 30, age: 0 })).toBe("26 B of 1.00 GiB a stream");
    expect(of({ messages: 5_000, bytes: 2 ** 20, age: 604_800 })).toBe("26 B of 1.00 MiB, 5,000 messages, 7 d a stream");
    expect(of({ messages: 0, bytes: 0, age: 0 })).toBe("26 B; the log keeps all of it");
  });
});

describe("what a client may have under way", () => {
  const window = (connected: boolean, clientReceiveMaximum: number) => windowText({ connected, limits: { clientReceiveMaximum } } as ClientDetail, text);
  it("is said while it is here", () => expect(window(true, 20)).toBe("of 20"));
  it("is not known of who is away, and of a session that came over a restart", () => {
    expect([window(false, 20), window(false, 0), window(true, 0)]).toEqual(["", "", ""]);
  });
});
