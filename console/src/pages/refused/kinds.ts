import type { Refusal } from "../../api/broker";

export type Kind = Refusal["kind"];
export const kinds: readonly Kind[] = ["password", "unknown", "acl", "ban", "tls", "protocol", "limit", "other"];

/** One refusal by what makes it one. */
export const keyOf = (r: Refusal): string => [r.client, r.user, r.address, r.listener, r.reason, r.admitted].join("\n");

/** Every reason that came, by name. */
export const reasonsOf = (list: readonly Refusal[]): string[] => [...new Set(list.map((r) => r.reason))].sort();

/** How often each kind came, most often first; those that did not are left out. */
export function byKind(list: readonly Refusal[]): { kind: Kind; times: number }[] {
  return kinds
    .map((kind) => ({ kind, times: list.filter((r) => r.kind === kind).reduce((sum, r) => sum + r.count, 0) }))
    .filter((one) => one.times > 0)
    .sort((a, b) => b.times - a.times);
}
