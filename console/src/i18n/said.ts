// The node's sentences in the person's language: by their codes, else as the node has them.
import type { components } from "../api/schema";
import en, { type Key } from "./en";
import type { Text } from "./text";

export type Said = components["schemas"]["Said"];
type Value = components["schemas"]["SaidValue"];

/** Whether the catalogue has words for a sentence and all its parts. */
export const hasWords = (said: Said): boolean =>
  `said.${said.code}` in en && said.values.every((value) => !value.said || hasWords(value.said));

/** The sentence in the person's language, or the node's own. */
export function saidText(said: Said | undefined, english: string, text: Text): string {
  return said && hasWords(said) ? inWords(said, text) : english;
}

function inWords(said: Said, text: Text): string {
  const values = said.values.map((value, place) => [String(place), valueText(value, text)] as const);
  return text.t(`said.${said.code}` as Key, Object.fromEntries(values));
}

function valueText(value: Value, text: Text): string | number {
  if (value.said) return inWords(value.said, text);
  if (value.reason) return `${inSentence(text.fault(value.reason.reason, value.reason.title), text)} (${value.reason.reason}, ${value.reason.code})`;
  if (value.seconds !== undefined) return value.seconds < 1 ? text.millis(value.seconds * 1000) : text.duration(value.seconds);
  if (value.bytes !== undefined) return text.bytes(value.bytes);
  if (value.time) return text.dateTime(Date.parse(value.time));
  return value.number ?? value.text ?? "";
}

/** English writes a title small within a sentence; German has its nouns. */
const inSentence = (title: string, { language }: Text) => (language === "en" ? title.charAt(0).toLowerCase() + title.slice(1) : title);
