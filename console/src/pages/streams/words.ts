// What a stream keeps, in words.
import type { StreamStatus } from "../../api/types";
import type { Text } from "../../i18n/text";
import { slowest } from "./condition";

/** How long and how much is kept: 30 d, 10.0 GiB at most. */
export function retentionText(s: StreamStatus, { t, span, bytes }: Text): string {
  const age = s.maxAge > 0 ? span(s.maxAge) : "";
  const size = s.maxBytes > 0 ? t("streams.atMost", { size: bytes(s.maxBytes) }) : "";
  return [age, size].filter(Boolean).join(", ") || t("streams.forever");
}

/** Who reads it and how far the slowest is behind. */
export function readersText(s: StreamStatus, { t, count, duration }: Text): string {
  if (s.readers.length === 0) return t("value.nones");
  const late = slowest(s.readers);
  const n = t("streams.readers.n", { n: s.readers.length, count: count(s.readers.length) });
  return late ? `${n}, ${t("streams.readers.late", { name: late.name, time: duration(late.lag) })}` : n;
}

export const filtersText = (s: StreamStatus, { t }: Text): string => (s.builtIn ? t("streams.own") : s.filters.join("  "));

const whole = ":4294967295";

/** Where somebody stands; who has all messages of an entry stands behind it. */
export const placeText = (position: string, { t }: Text): string =>
  position.endsWith(whole) ? t("streams.behindEntry", { entry: position.slice(0, -whole.length) }) : position;
