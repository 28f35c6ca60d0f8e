import { EventEmitter } from "node:events";
import { describe, expect, it, vi } from "vitest";
import { connect, optionsOf, propertiesOf, readPairs } from "./session";

// A client of the library on which the test lets things happen.
class Wire extends EventEmitter {
  static last: Wire | undefined;
  end = vi.fn();
  constructor() {
    super();
    Wire.last = this;
  }
}
vi.mock("mqtt", () => ({ default: { connect: () => new Wire() } }));

const asked = {
  url: "ws://127.0.0.1:8083/mqtt",
  clientId: "c",
  user: "",
  password: "",
  version: "5",
  clean: true,
  keepAlive: 60,
  sessionExpiry: 0,
} as const;
const message = {
  topic: "a",
  payload: "1",
  qos: 0,
  retain: false,
  contentType: "",
  responseTopic: "",
  expiry: 0,
  userProperties: [],
} as const;

describe("connecting", () => {
  it("never tries again by itself, and starts no worker", () =>
    expect(optionsOf(asked)).toMatchObject({ reconnectPeriod: 0, timerVariant: "native", protocolVersion: 5 }));
  it("leaves out a user that is not given", () => expect(optionsOf(asked).username).toBeUndefined());
  it("asks for an expiry in MQTT 5 only", () => {
    expect(optionsOf({ ...asked, sessionExpiry: 60 }).properties).toEqual({ sessionExpiryInterval: 60 });
    expect(optionsOf({ ...asked, version: "3.1.1", sessionExpiry: 60 })).toMatchObject({
      protocolVersion: 4,
      properties: undefined,
    });
  });
});

describe("a connection", () => {
  const begin = async (...events: (readonly [string, ...unknown[]])[]) => {
    const told: string[] = [];
    Wire.last = undefined;
    const made = connect(asked, { message: (m) => told.push(m.topic), ended: (code) => told.push(`ended ${code}`) });
    await vi.waitFor(() => expect(Wire.last?.listenerCount("connect")).toBeGreaterThan(0));
    for (const [name, ...of] of events) (Wire.last as Wire | undefined)?.emit(name, ...of);
    return { told, made };
  };
  const here = ["connect", { sessionPresent: true }] as const;
  const message = ["message", "night/1", new Uint8Array(), { qos: 1 }] as const;

  it("loses nothing of what comes with the broker's answer", async () => {
    const { told, made } = await begin(here, message, ["disconnect", { reasonCode: 142 }], ["close"]);
    expect((await made).present).toBe(true);
    expect(told).toEqual(["night/1", "ended 142"]);
  });
  it("bears errors after it is open", async () => {
    const { told } = await begin(here, ["error", new Error("a")], ["error", new Error("b")], ["close"]);
    expect(told).toEqual(["ended 0"]);
  });
  it("that is refused was never there", async () => {
    const { told, made } = await begin(["error", { code: 135 }], ["close"]);
    await expect(made).rejects.toMatchObject({ code: 135 });
    expect(told).toEqual([]);
  });
});

describe("properties of a message", () => {
  it("are left out when they are empty", () => expect(propertiesOf(message)).toEqual({}));
  it("keep all values of a name", () => {
    const userProperties = readPairs("unit=bar\nline=1\n line = 2 \nnonsense\n\nq=a=b");
    expect(propertiesOf({ ...message, expiry: 5, contentType: "text/plain", userProperties })).toEqual({
      contentType: "text/plain",
      messageExpiryInterval: 5,
      userProperties: { unit: "bar", line: ["1", "2"], q: "a=b" },
    });
  });
});
