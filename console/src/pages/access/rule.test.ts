import { expect, it } from "vitest";
import type { AccessRule } from "../../api/broker";
import type { Text } from "../../i18n/text";
import { actionOf, whoOf } from "./rule";

const text = { t: (key: string) => key.replace("access.", "") } as unknown as Text;
const rule = (more: Partial<AccessRule>): AccessRule => ({ line: 1, ...more });

it("a rule without conditions is about everybody", () => {
  expect(whoOf(rule({ allow: "all", topics: ["plant/#"], users: [] }), text)).toEqual([]);
});

it("says every condition of a rule", () => {
  const all = rule({ deny: "publish", users: ["anna", "bert"], addresses: ["10.1.0.0/16"], qos: [0, 1], anonymous: false, retain: true });
  expect(actionOf(all)).toBe("publish");
  expect(whoOf(all, text)).toEqual(["users anna, bert", "addresses 10.1.0.0/16", "qos 0, 1", "named", "retained"]);
});
