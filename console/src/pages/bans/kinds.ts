import type { Ban } from "../../api/broker";

export type BanKind = Ban["kind"];
export const banKinds: readonly BanKind[] = ["client_id", "client_prefix", "user", "address", "network", "login"];

/** What a value of the kind looks like. */
export const examples: Record<BanKind, string> = {
  client_id: "press-1",
  client_prefix: "test-",
  user: "line1",
  address: "192.0.2.17",
  network: "192.0.2.0/24",
  login: "line1@192.0.2.17",
};
