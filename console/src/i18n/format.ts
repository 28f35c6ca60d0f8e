// Numbers, units and times as people read them. Pure: every function takes its
// language and zone, and unknown values read as words, never as a lone dash.

export type Language = "en" | "de";
export type Zone = "local" | "utc";

const locales: Record<Language, string> = { en: "en-GB", de: "de-DE" };
const cache = new Map<string, Intl.NumberFormat>();

/** A number with a fixed count of decimals and the language's grouping. */
export function fixed(value: number, decimals: number, language: Language): string {
  const key = `${language}.${decimals}`;
  let format = cache.get(key);
  if (!format) {
    format = new Intl.NumberFormat(locales[language], {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
    });
    cache.set(key, format);
  }
  return format.format(value === 0 ? 0 : value).replace("-", "−");
}

/** Full digits up to 99,999; above that a prefix with four significant digits: 126.4 k. */
export function count(value: number, language: Language): string {
  if (Math.abs(value) < 99_999.5) return fixed(Math.round(value), 0, language);
  const [scaled, prefix] = scale(value);
  return joinUnit(significant(scaled, 4, language), prefix);
}

/** A rate in its own unit, split so that the unit can be set smaller. */
export function rate(value: number, language: Language, digits = 4): { value: string; prefix: string } {
  if (Math.abs(value) >= 9_999.5) {
    const [scaled, prefix] = scale(value);
    return { value: significant(scaled, digits, language), prefix };
  }
  if (Math.abs(value) < 0.05) return { value: "0", prefix: "" };
  const decimals = Math.abs(value) < 99.95 ? 1 : 0;
  return { value: fixed(value, decimals, language), prefix: "" };
}

/** A rate as one piece of text: "54.8 k", "2.0", "0". */
export function rateText(value: number, language: Language): string {
  const parts = rate(value, language, 3);
  return joinUnit(parts.value, parts.prefix);
}

/** A value at an axis mark: short, without trailing zeros. */
export function axis(value: number, language: Language): string {
  const [scaled, prefix] = Math.abs(value) >= 9_999.5 ? scale(value) : [value, ""];
  const key = `${language}.axis`;
  let format = cache.get(key);
  if (!format) {
    format = new Intl.NumberFormat(locales[language], { maximumSignificantDigits: 5 });
    cache.set(key, format);
  }
  return joinUnit(format.format(scaled === 0 ? 0 : scaled).replace("-", "−"), prefix);
}

/** Bytes in binary units, for memory and storage: 61.9 MiB. */
export function bytes(value: number, language: Language): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let at = 0;
  while (Math.abs(value) >= 1023.5 && at < units.length - 1) {
    value /= 1024;
    at++;
  }
  return joinUnit(at === 0 ? fixed(value, 0, language) : significant(value, 3, language), units[at] ?? "");
}

/** Traffic in decimal units: 41.8 MB/s. */
export function traffic(value: number, language: Language): string {
  const units = ["B/s", "kB/s", "MB/s", "GB/s"];
  let at = 0;
  while (Math.abs(value) >= 999.5 && at < units.length - 1) {
    value /= 1000;
    at++;
  }
  return joinUnit(at === 0 ? fixed(value, 0, language) : significant(value, 3, language), units[at] ?? "");
}

/** A share of one as a percentage: 34% (English), 34 % (German). */
export function percent(share: number, language: Language): string {
  const options: Intl.NumberFormatOptions = { style: "percent", maximumFractionDigits: 0 };
  return new Intl.NumberFormat(locales[language], options).format(share);
}

/** A span of seconds: 0.3 s, 38 s, 4 min 02 s, 1 h 05, 2 d 4 h. */
export function duration(seconds: number, language: Language): string {
  const s = Math.max(0, seconds);
  if (s < 9.95) return `${fixed(s, 1, language)} s`;
  if (s < 59.5) return `${Math.round(s)} s`;
  const whole = Math.round(s);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))}`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
}

/** A length of time named in round units, for ranges and buckets: 30 s, 15 min, 6 h. */
export function span(seconds: number, language: Language): string {
  if (seconds < 1) return `${fixed(seconds * 1000, 0, language)} ms`;
  for (const [size, unit] of [
    [86_400, "d"],
    [3600, "h"],
    [60, "min"],
  ] as const) {
    const least = size === 86_400 ? 2 * size : size;
    if (seconds >= least && seconds % size === 0) return `${seconds / size} ${unit}`;
  }
  return `${fixed(seconds, Number.isInteger(seconds) ? 0 : 1, language)} s`;
}

/** Milliseconds with the precision that latencies deserve: 0.92 ms, 12.4 ms, 180 ms. */
export function millis(value: number, language: Language): string {
  return `${fixed(value, value < 9.95 ? 2 : value < 99.5 ? 1 : 0, language)} ms`;
}

/** 14:32:07 */
export function clock(ms: number, zone: Zone): string {
  return part(ms, zone, 11, 19);
}

/** 14:32 */
export function hourMinute(ms: number, zone: Zone): string {
  return part(ms, zone, 11, 16);
}

/** 14:32:07.412 */
export function clockMillis(ms: number, zone: Zone): string {
  return part(ms, zone, 11, 23);
}

/** 2026-11-21 */
export function date(ms: number, zone: Zone): string {
  return part(ms, zone, 0, 10);
}

/** 2026-11-21 14:32:07 */
export function dateTime(ms: number, zone: Zone): string {
  return part(ms, zone, 0, 19).replace("T", " ");
}

/** Age up to a day, then the date. */
export function age(ms: number, now: number, language: Language, zone: Zone): string {
  const seconds = Math.max(0, (now - ms) / 1000);
  return seconds < 86_400 ? shortAge(seconds, language) : date(ms, zone);
}

/** ISO 8601 with its offset, for exports. */
export function iso(ms: number, zone: Zone): string {
  const minutes = zone === "utc" ? 0 : -new Date(ms).getTimezoneOffset();
  if (minutes === 0) return new Date(ms).toISOString();
  const sign = minutes < 0 ? "-" : "+";
  const offset = `${sign}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
  return shifted(ms, zone).toISOString().replace("Z", offset);
}

/** The zone's short name: UTC, CET, GMT+1. */
export function zoneName(ms: number, zone: Zone): string {
  if (zone === "utc") return "UTC";
  const parts = new Intl.DateTimeFormat("en-GB", { timeZoneName: "short" }).formatToParts(ms);
  return parts.find((p) => p.type === "timeZoneName")?.value ?? "";
}

function shortAge(seconds: number, language: Language): string {
  if (seconds >= 60 && seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return duration(seconds, language);
}

function shifted(ms: number, zone: Zone): Date {
  return zone === "utc" ? new Date(ms) : new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
}

function part(ms: number, zone: Zone, from: number, to: number): string {
  return Number.isFinite(ms) ? shifted(ms, zone).toISOString().slice(from, to) : "";
}

function scale(value: number): [number, string] {
  const size = Math.abs(value);
  if (size >= 999.95e6) return [value / 1e9, "G"];
  if (size >= 999.95e3) return [value / 1e6, "M"];
  return [value / 1e3, "k"];
}

function significant(value: number, digits: number, language: Language): string {
  const whole = Math.abs(value) < 1 ? 1 : Math.floor(Math.log10(Math.abs(value))) + 1;
  return fixed(value, Math.min(2, Math.max(0, digits - whole)), language);
}

function joinUnit(value: string, unit: string): string {
  return unit ? `${value} ${unit}` : value;
}

function two(n: number): string {
  return String(n).padStart(2, "0");
}
