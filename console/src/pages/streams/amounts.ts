// Ages and sizes as people write them in forms: 7d, 90m, 10 GiB. The command line reads the same.

const ages = { d: 86_400, h: 3_600, m: 60, s: 1 } as const;
const sizes = { TiB: 2 ** 40, GiB: 2 ** 30, MiB: 2 ** 20, KiB: 2 ** 10, B: 1 } as const;

/** Seconds of an age; 0 stands alone. Undefined for what is none. */
export function parseAge(text: string): number | undefined {
  if (text.trim() === "0") return 0;
  const found = /^(\d+(?:[.,]\d+)?)\s*(d|h|m|min|s)$/i.exec(text.trim());
  if (!found?.[1] || !found[2]) return undefined;
  return number(found[1]) * ages[found[2][0]?.toLowerCase() as keyof typeof ages];
}

/** Bytes of a size; 0 stands alone. Undefined for what is none. */
export function parseSize(text: string): number | undefined {
  if (text.trim() === "0") return 0;
  const found = /^(\d+(?:[.,]\d+)?)\s*([KMGT]iB|B)$/i.exec(text.trim());
  if (!found?.[1] || !found[2]) return undefined;
  const unit = Object.entries(sizes).find(([name]) => name.toLowerCase() === found[2]?.toLowerCase());
  return Math.round(number(found[1]) * (unit?.[1] ?? 1));
}

export const ageInput = (seconds: number): string => inUnits(seconds, ages, "");
export const sizeInput = (bytes: number): string => inUnits(bytes, sizes, " ");

/** In the largest unit of which it is a whole number. */
function inUnits(value: number, units: Record<string, number>, gap: string): string {
  if (value === 0) return "0";
  const unit = Object.entries(units).find(([, size]) => value >= size && value % size === 0) ?? Object.entries(units).at(-1);
  return unit ? `${value / unit[1]}${gap}${unit[0]}` : String(value);
}

const number = (text: string) => Number(text.replace(",", "."));
