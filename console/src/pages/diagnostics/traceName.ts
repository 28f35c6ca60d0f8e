/** A file name for a trace: what it follows, and when. */
export function traceName(value: string, now: number): string {
  const plain = value.replace(/[^A-Za-z0-9_-]+/g, "-").replace(/^-+|-+$/g, "");
  const stamp = new Date(now).toISOString().slice(0, 19).replace(/[^0-9]/g, "");
  return `${(plain || "trace").slice(0, 40)}-${stamp}`;
}
