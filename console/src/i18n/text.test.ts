// @vitest-environment happy-dom
import IntlMessageFormat from "intl-messageformat";
import { describe, expect, it } from "vitest";
import de from "./de";
import en, { type Key } from "./en";
import { textFor, translate } from "./text";

const keys = Object.keys(en) as Key[];

// The values a text asks for, also inside its plural branches.
function asked(text: string): Set<string> {
  const names = new Set<string>();
  JSON.stringify(new IntlMessageFormat(text, "en").getAst(), (name, value: unknown) => {
    const part = value as { type?: number; value?: string } | null;
    if (part && typeof part === "object" && part.type !== undefined && part.type > 0 && part.type < 7) {
      if (typeof part.value === "string") names.add(part.value);
    }
    return name === "location" ? undefined : value;
  });
  return names;
}

describe("the catalogues", () => {
  it("have the same keys", () => expect(Object.keys(de).sort()).toEqual(Object.keys(en).sort()));

  it.each(keys)("%s parses in both languages and asks for the same values", (key) => {
    expect(asked(de[key])).toEqual(asked(en[key]));
    expect(de[key]).not.toBe("");
  });
});

// What comes right behind a number in the plural branches: the nouns that are counted.
const counted = (catalogue: Record<string, string>) => {
  const one = nounsOf(catalogue, "one");
  return [...nounsOf(catalogue, "other")].filter((noun) => !one.has(noun) && (catalogue !== de || /^\p{Lu}/u.test(noun)));
};
const nounsOf = (catalogue: Record<string, string>, branch: string) =>
  new Set(Object.values(catalogue).flatMap((text) => [...text.matchAll(new RegExp(`${branch} \\{[^{}]*(?:#|\\{\\w+\\}) ([\\p{L}]+)`, "gu"))].map(([, noun]) => noun ?? "")));

// Bounds that are never one, and rates, which have decimals.
const never = new Set(["least", "most"]);
const perTime = / (per second|je Sekunde)/;

describe.each([
  ["en", en],
  ["de", de],
])("numbers in %s", (_, catalogue: Record<string, string>) => {
  const nouns = counted(catalogue).join("|");
  const bare = new RegExp(`\\{(\\w+)\\} (?:${nouns})(?!\\p{L})(.*)`, "u");
  it("know the nouns that are counted", () => expect(nouns).toMatch(/clients/i));
  it("have a form for one", () => {
    const without = keys.filter((key) => {
      const [, name = "", rest = ""] = bare.exec(withoutPlurals(catalogue[key] ?? "")) ?? [];
      return name !== "" && !never.has(name) && !perTime.test(rest);
    });
    expect(without).toEqual([]);
  });
});

/** The text with the branches of its plurals left out. */
function withoutPlurals(text: string): string {
  const at = text.search(/\{\w+, plural,/);
  if (at < 0) return text;
  let depth = 0;
  let end = at;
  do {
    if (text[end] === "{") depth++;
    if (text[end] === "}") depth--;
    end++;
  } while (depth > 0 && end < text.length);
  return `${text.slice(0, at)}…${withoutPlurals(text.slice(end))}`;
}

describe("translation", () => {
  it("chooses the plural", () => {
    expect(translate("en", "topics.publishers", { n: 1 })).toBe("1 publisher");
    expect(translate("en", "topics.publishers", { n: 16 })).toBe("16 publishers");
    expect(translate("de", "shell.alarms", { count: 2 })).toBe("2 aktive Alarme");
  });

  it("names faults it knows and keeps the server's words for others", () => {
    const text = textFor("de", "utc");
    expect(text.fault("queue_full", "Queue full")).toBe("Warteschlange voll");
    expect(text.fault("moon_phase", "Moon phase")).toBe("Moon phase");
  });
});
