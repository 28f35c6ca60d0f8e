import { expect, it } from "vitest";
import type { Refusal } from "../../api/broker";
import { byKind, keyOf } from "./kinds";

const refusal = (kind: Refusal["kind"], count: number, client = "c") =>
  ({ kind, count, client, user: "", address: "127.0.0.1", listener: "default", reason: kind }) as Refusal;

it("sums up refusals by kind, most often first", () => {
  expect(byKind([refusal("acl", 2), refusal("password", 3), refusal("acl", 4, "d")])).toEqual([
    { kind: "acl", times: 6 },
    { kind: "password", times: 3 },
  ]);
});

it("tells refusals apart by client and reason", () => {
  const keys = [refusal("acl", 1), refusal("acl", 1, "d"), refusal("tls", 1)].map(keyOf);
  expect(new Set(keys).size).toBe(3);
});
