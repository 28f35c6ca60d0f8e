import { expect, it } from "vitest";
import type { Listener } from "../../api/broker";
import { socketAddress } from "./socketAddress";

const page = { protocol: "http:", hostname: "mill.example" };
const listener = (kind: Listener["kind"], address: string) => ({ kind, address }) as Listener;

it.each([
  [undefined, page, "ws://mill.example:8083/mqtt"],
  [[listener("ws", "127.0.0.1:9001")], page, "ws://mill.example:9001/mqtt"],
  [[listener("tcp", "127.0.0.1:1883")], page, "ws://mill.example:8083/mqtt"],
  [[listener("ws", ":1"), listener("wss", "[::]:9443")], { ...page, protocol: "https:" }, "wss://mill.example:9443/mqtt"],
])("%# %s", (listeners, at, want) => expect(socketAddress(listeners, at)).toBe(want));
