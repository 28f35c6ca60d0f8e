// JSON as lines that can be numbered, folded and compared with the last message.

export type Kind = "key" | "string" | "number" | "word" | "mark";

export interface Piece {
  kind: Kind;
  text: string;
}

export interface JsonLine {
  /** Path of what the line shows, such as $.motor.temp; a closing line has its opener's. */
  path: string;
  depth: number;
  pieces: Piece[];
  /** Where a fold that begins here ends; undefined when nothing folds. */
  end?: number;
  /** What changes are found by: the value's text. */
  value: string;
}

/** The lines of a value; keys keep their order. Lines beyond most are left out. */
export function jsonLines(value: unknown, most = 5_000): JsonLine[] {
  const lines: JsonLine[] = [];
  write(lines, value, "$", 0, [], "", most);
  return lines;
}

function write(
  lines: JsonLine[],
  value: unknown,
  path: string,
  depth: number,
  lead: Piece[],
  tail: string,
  most: number,
) {
  if (lines.length >= most) return;
  if (typeof value !== "object" || value === null) {
    lines.push({ path, depth, pieces: [...lead, scalar(value), mark(tail)], value: String(value) });
    return;
  }
  const array = Array.isArray(value);
  const entries = Object.entries(value);
  const [open, close] = array ? ["[", "]"] : ["{", "}"];
  if (entries.length === 0) {
    lines.push({ path, depth, pieces: [...lead, mark(open + close + tail)], value: open });
    return;
  }
  const opener: JsonLine = { path, depth, pieces: [...lead, mark(open)], value: open };
  lines.push(opener);
  entries.forEach(([key, child], i) => {
    const name: Piece[] = array ? [] : [{ kind: "key", text: JSON.stringify(key) }, mark(": ")];
    const next = array ? `${path}[${key}]` : `${path}.${key}`;
    write(lines, child, next, depth + 1, name, i < entries.length - 1 ? "," : "", most);
  });
  opener.end = lines.length;
  lines.push({ path, depth, pieces: [mark(close + tail)], value: close });
}

function scalar(value: unknown): Piece {
  if (typeof value === "string") return { kind: "string", text: JSON.stringify(value) };
  if (typeof value === "number") return { kind: "number", text: String(value) };
  return { kind: "word", text: String(value) };
}

const mark = (text: string): Piece => ({ kind: "mark", text });

/** Paths of the lines whose value is new or differs from the one before. */
export function changedPaths(before: readonly JsonLine[], after: readonly JsonLine[]): Set<string> {
  const old = new Map(before.map((line) => [line.path, line.value]));
  return new Set(
    after
      .filter((line) => line.end === undefined && old.get(line.path) !== line.value && isValue(line))
      .map((l) => l.path),
  );
}

const isValue = (line: JsonLine) => line.value !== "}" && line.value !== "]";
