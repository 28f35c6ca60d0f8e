// @vitest-environment happy-dom
import { act, StrictMode } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Connect, Reader, Session } from "./session";
import { type Mqtt, useMqtt } from "./useMqtt";

// Connections that come about when the test says so.
interface Try {
  reader: Reader;
  done: (session: Session) => Promise<void>;
  ends: ReturnType<typeof vi.fn>;
}
const tries: Try[] = [];
vi.mock("./session", () => ({
  Refused: class extends Error {},
  connect: (_: Connect, reader: Reader) =>
    new Promise<Session>((resolve) => {
      const done = (session: Session) => act(async () => resolve(session));
      tries.push({ reader, done, ends: vi.fn() });
    }),
}));

let root: Root;
let mqtt: Mqtt;
const Probe = () => {
  mqtt = useMqtt();
  return null;
};
const asked = {} as Connect;
const session = (at: number): Session => ({ end: tries[at]?.ends, present: false }) as unknown as Session;
const connect = () => act(async () => void mqtt.connect(asked));

beforeEach(async () => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  tries.length = 0;
  root = createRoot(document.createElement("div"));
  await act(async () =>
    root.render(
      <StrictMode>
        <Probe />
      </StrictMode>,
    ),
  );
});
afterEach(() => vi.unstubAllGlobals());

describe("the page's connection", () => {
  it("comes about, and tells why it ended", async () => {
    await connect();
    expect(mqtt.phase).toBe("connecting");
    await tries[0]?.done(session(0));
    expect(mqtt.phase).toBe("on");
    await act(async () => tries[0]?.reader.ended(142));
    expect(mqtt.phase).toBe("off");
    expect(mqtt.error).not.toBe("");
  });

  it("is closed when it comes about after the page was left", async () => {
    await connect();
    await act(async () => root.unmount());
    await tries[0]?.done(session(0));
    expect(tries[0]?.ends).toHaveBeenCalledOnce();
  });

  it("is closed when it comes about after it was given up", async () => {
    await connect();
    await act(async () => mqtt.disconnect());
    await tries[0]?.done(session(0));
    expect(tries[0]?.ends).toHaveBeenCalledOnce();
    expect(mqtt.phase).toBe("off");
  });

  it("outlives the end of the one before it", async () => {
    await connect();
    await tries[0]?.done(session(0));
    await act(async () => mqtt.disconnect());
    await connect();
    await tries[1]?.done(session(1));
    await act(async () => tries[0]?.reader.ended(0));
    expect([mqtt.phase, mqtt.error]).toEqual(["on", ""]);
  });
});
