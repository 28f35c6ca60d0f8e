// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";
import { type Said, saidText } from "./said";
import { textFor } from "./text";

const queued: Said = { code: "why_in_queue", values: [{ said: { code: "why_behind_others", values: [{ said: { code: "why_messages", values: [{ number: 1 }] } }] } }] };
const dropped: Said = { code: "why_dropped_for", values: [{ reason: { reason: "queue_full", code: "MR-4216", title: "Queue full" } }] };

describe("what the node says", () => {
  const en = textFor("en", "utc");
  const de = textFor("de", "utc");
  it("is said in the person's language, its parts, too", () => {
    expect(saidText(queued, "", en)).toBe("It waits in the client's queue, behind 1 message that the client has not acknowledged.");
    expect(saidText(queued, "", de)).toBe("Sie wartet in der Warteschlange des Clients hinter 1 Nachricht, noch ohne Bestätigung.");
    expect(saidText(dropped, "", en)).toBe("It was dropped for the client: queue full (queue_full, MR-4216).");
    expect(saidText(dropped, "", de)).toBe("Sie wurde für den Client verworfen: Warteschlange voll (queue_full, MR-4216).");
  });
  it("writes sizes and times as the rest of the console does", () => {
    const full: Said = { code: "alarm_storage_reserve", values: [{ text: "lab" }, { bytes: 1_610_612_736 }, { bytes: 0 }] };
    expect(saidText(full, "", en)).toBe("Stream lab takes no messages: 1.50 GiB are free on the disk, the reserve is 0 B.");
    expect(saidText(full, "", de)).toBe("Stream lab nimmt keine Nachrichten an: Auf der Platte sind 1,50 GiB frei, die Reserve ist 0 B.");
    const overdue: Said = { code: "alarm_backup_newest", values: [{ text: "/backup" }, { time: "2026-11-22T02:30:00Z" }] };
    expect(saidText(overdue, "", de)).toBe("Die neueste Sicherung in /backup ist von 2026-11-22 02:30:00.");
  });
  it("leaves out what is not said, and takes names as they are", () => {
    expect(saidText({ code: "why_in_queue", values: [{}] }, "", en)).toBe("It waits in the client's queue.");
    expect(saidText({ code: "why_subscribed_to", values: [{ text: "{0}/'+'/#" }] }, "", en)).toBe("It is subscribed to {0}/'+'/#.");
  });
  it("falls back to the node's own sentence", () => {
    expect(saidText(undefined, "Plain.", de)).toBe("Plain.");
    expect(saidText({ code: "why_moon", values: [] }, "The moon.", de)).toBe("The moon.");
    expect(saidText({ code: "why_in_queue", values: [{ said: { code: "why_moon", values: [] } }] }, "The moon.", de)).toBe("The moon.");
  });
});
