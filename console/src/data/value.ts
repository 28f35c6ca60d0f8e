// What a payload says: its one number, its text, its lines as JSON. Pure, and the
// same rules as the node's own topic registry.

/** The payload's number: a plain number, or a JSON object's only one, or its value or v. */
export function numberOf(payload: string): number | undefined {
  const text = payload.trim();
  if (text === "" || text.length > 65_536) return undefined;
  if (text.startsWith("{")) return numberOfObject(parse(text));
  return /^[-+]?[0-9.]/.test(text) && Number.isFinite(Number(text)) ? Number(text) : undefined;
}

function numberOfObject(value: unknown): number | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const fields = value as Record<string, unknown>;
  for (const name of ["value", "v"]) {
    if (typeof fields[name] === "number") return fields[name];
  }
  const numbers = Object.values(fields).filter((one): one is number => typeof one === "number");
  return numbers.length === 1 ? numbers[0] : undefined;
}

export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Decimals of a number as it was written, at most six significant digits. */
export function decimalsOf(value: number): number {
  const text = String(Math.abs(value));
  if (text.includes("e")) return 3;
  const point = text.indexOf(".");
  if (point < 0) return 0;
  const whole = point === 1 && text.startsWith("0") ? 0 : point;
  return Math.max(0, Math.min(text.length - point - 1, whole >= 6 ? 0 : 6 - Math.max(whole, 1)));
}

/** Remembers how many decimals a series needs, so that they do not change while watching. */
export class Decimals {
  private readonly seen = new Map<string, number>();
  constructor(private readonly most = 3) {}

  of(key: string, value: number): number {
    const now = Math.min(this.most, decimalsOf(value));
    const before = this.seen.get(key) ?? 0;
    if (now > before) this.seen.set(key, now);
    return Math.max(now, before);
  }
}

/** The bytes of a payload that came as text or base64. */
export function bytesOf(payload: string, encoding: "text" | "base64"): Uint8Array {
  if (encoding === "text") return new TextEncoder().encode(payload);
  const raw = atob(payload);
  return Uint8Array.from(raw, (c) => c.charCodeAt(0));
}

export interface HexLine {
  offset: string;
  hex: string;
  text: string;
}

/** Lines of sixteen bytes: offset, hexadecimal, printable characters. */
export function hexLines(bytes: Uint8Array, most = 256): HexLine[] {
  const lines: HexLine[] = [];
  for (let at = 0; at < bytes.length && lines.length < most; at += 16) {
    const row = [...bytes.subarray(at, at + 16)];
    lines.push({
      offset: at.toString(16).padStart(6, "0"),
      hex: row.map((b, i) => b.toString(16).padStart(2, "0") + (i === 7 ? " " : "")).join(" "),
      text: row.map((b) => (b >= 32 && b < 127 ? String.fromCharCode(b) : "·")).join(""),
    });
  }
  return lines;
}
