const field = /"([^"\\]{1,40})"\s*:\s*(-?\d[\d.eE+-]*|true|false|"[^"\\]{0,40}")/g;

/** One line that says what a payload holds: names and values of a JSON object's fields. */
export function summary(payload: string): string {
  const text = payload.trim();
  if (!text.startsWith("{") && !text.startsWith("[")) return text.slice(0, 80);
  const parts: string[] = [];
  for (const [, name, value] of text.matchAll(field)) {
    if (name === "ts" || name === "timestamp") continue;
    parts.push(`${name} ${value?.replaceAll('"', "")}`);
    if (parts.length === 6) break;
  }
  return parts.length > 0 ? parts.join(" · ") : text.startsWith("[") ? "[…]" : "{…}";
}
