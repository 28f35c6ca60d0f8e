import { describe, expect, it } from "vitest";
import { optionsOf, propertiesOf, readPairs } from "./session";

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
