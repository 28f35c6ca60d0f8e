// The one way from a key to words and from a value to text in the person's
// language and zone.
import IntlMessageFormat from "intl-messageformat";
import { useMemo } from "react";
import { usePreferences } from "../prefs/preferences";
import de from "./de";
import en, { type Key } from "./en";
import * as format from "./format";
import type { Language, Zone } from "./format";

export type Values = Record<string, string | number>;

const catalogues: Record<Language, Record<Key, string>> = { en, de };
const parsed = new Map<string, IntlMessageFormat>();

export function translate(language: Language, key: Key, values?: Values): string {
  const text = catalogues[language][key];
  if (!values && !text.includes("{")) return text;
  const id = `${language}.${key}`;
  let message = parsed.get(id);
  if (!message) {
    message = new IntlMessageFormat(text, language === "en" ? "en-GB" : "de-DE");
    parsed.set(id, message);
  }
  return String(message.format(values));
}

export interface Text {
  language: Language;
  zone: Zone;
  t: (key: Key, values?: Values) => string;
  /** The words for a fault's label, or the server's own title for one we do not know. */
  fault: (label: string, title: string) => string;
  count: (v: number) => string;
  fixed: (v: number, decimals: number) => string;
  rate: (v: number) => string;
  rateParts: (v: number) => { value: string; prefix: string };
  axis: (v: number) => string;
  bytes: (v: number) => string;
  traffic: (v: number) => string;
  percent: (v: number) => string;
  duration: (seconds: number) => string;
  span: (seconds: number) => string;
  millis: (v: number) => string;
  clock: (ms: number) => string;
  clockMillis: (ms: number) => string;
  dateTime: (ms: number) => string;
  age: (ms: number, now: number) => string;
  zoneName: (ms: number) => string;
}

export function textFor(l: Language, z: Zone): Text {
  return {
    language: l,
    zone: z,
    t: (key, values) => translate(l, key, values),
    fault: (label, title) => (`fault.${label}` in en ? translate(l, `fault.${label}` as Key) : title),
    count: (v) => format.count(v, l),
    fixed: (v, d) => format.fixed(v, d, l),
    rate: (v) => format.rateText(v, l),
    rateParts: (v) => format.rate(v, l),
    axis: (v) => format.axis(v, l),
    bytes: (v) => format.bytes(v, l),
    traffic: (v) => format.traffic(v, l),
    percent: (v) => format.percent(v, l),
    duration: (s) => format.duration(s, l),
    span: (s) => format.span(s, l),
    millis: (v) => format.millis(v, l),
    clock: (ms) => format.clock(ms, z),
    clockMillis: (ms) => format.clockMillis(ms, z),
    dateTime: (ms) => format.dateTime(ms, z),
    age: (ms, now) => format.age(ms, now, l, z),
    zoneName: (ms) => format.zoneName(ms, z),
  };
}

export function useText(): Text {
  const { language, zone } = usePreferences();
  return useMemo(() => textFor(language, zone), [language, zone]);
}
