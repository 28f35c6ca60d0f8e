// A rule in words: what it is about, and whom.
import type { AccessRule } from "../../api/broker";
import type { Key } from "../../i18n/en";
import type { Text } from "../../i18n/text";

export type Action = "publish" | "subscribe" | "all";

/** The right that a rule gives or takes. */
export const actionOf = (r: AccessRule): Action => r.allow ?? r.deny ?? "all";

/** What a rule is narrowed to beyond its topics; an empty list is about everybody. */
export function whoOf(r: AccessRule, { t }: Text): string[] {
  const lists: readonly (readonly [Key, readonly (string | number)[] | undefined])[] = [
    ["access.users", r.users],
    ["access.clients", r.clients],
    ["access.groups", r.groups],
    ["access.addresses", r.addresses],
    ["access.listeners", r.listeners],
    ["access.qos", r.qos],
  ];
  const words = lists.flatMap(([name, values]) => (values?.length ? [`${t(name)} ${values.join(", ")}`] : []));
  if (r.anonymous !== undefined) words.push(t(r.anonymous ? "access.anonymous" : "access.named"));
  if (r.retain !== undefined) words.push(t(r.retain ? "access.retained" : "access.notRetained"));
  return words;
}
