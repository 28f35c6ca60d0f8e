// JSON as lines that can be numbered, folded and compared with the last message. They are
// read from the text itself: numbers keep their digits, and keys their order.
import { parse } from "./value";

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

const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;
/** Levels beyond which a text is no structure that anybody reads. */
const deepest = 100;

/** The lines of a JSON text, undefined for what is none. Lines beyond most are left out. */
export function jsonLines(text: string, most = 5_000): JsonLine[] | undefined {
  if (parse(text) === undefined) return undefined;
  const tokens = text.match(token) ?? [];
  if (depthOf(tokens) > deepest) return undefined;
  const to: Writing = { tokens, at: 0, lines: [], most };
  write(to, "$", 0, []);
  return to.lines;
}

interface Writing {
  tokens: readonly string[];
  /** The next token. */
  at: number;
  lines: JsonLine[];
  most: number;
}

function write(to: Writing, path: string, depth: number, lead: Piece[]) {
  const first = to.tokens[to.at++] ?? "";
  if (first !== "{" && first !== "[") {
    return put(to, { path, depth, pieces: [...lead, scalar(first), comma(to)], value: first });
  }
  const close = first === "{" ? "}" : "]";
  if (to.tokens[to.at] === close) {
    to.at++;
    return put(to, { path, depth, pieces: [...lead, mark(first + close), comma(to)], value: first });
  }
  const opener: JsonLine = { path, depth, pieces: [...lead, mark(first)], value: first };
  put(to, opener);
  let i = 0;
  do {
    const key = first === "{" ? keyOf(to) : undefined;
    write(to, key === undefined ? `${path}[${i++}]` : `${path}.${JSON.parse(key)}`, depth + 1, key === undefined ? [] : [{ kind: "key", text: key }, mark(": ")]);
  } while (to.tokens[to.at++] === ",");
  opener.end = to.lines.length;
  put(to, { path, depth, pieces: [mark(close), comma(to)], value: close });
}

function put(to: Writing, line: JsonLine) {
  if (to.lines.length < to.most) to.lines.push(line);
}

/** The key that comes, and its colon. */
function keyOf(to: Writing): string {
  const key = spelled(to.tokens[to.at] ?? '""');
  to.at += 2;
  return key;
}

const comma = (to: Writing) => mark(to.tokens[to.at] === "," ? "," : "");

function scalar(text: string): Piece {
  if (text.startsWith('"')) return { kind: "string", text: spelled(text) };
  return { kind: /^[-\d]/.test(text) ? "number" : "word", text };
}

/** A string without the escapes that it does not need. */
const spelled = (text: string) => JSON.stringify(JSON.parse(text));

const mark = (text: string): Piece => ({ kind: "mark", text });

function depthOf(tokens: readonly string[]): number {
  let depth = 0;
  let most = 0;
  for (const one of tokens) {
    if (one === "{" || one === "[") most = Math.max(most, ++depth);
    else if (one === "}" || one === "]") depth--;
  }
  return most;
}

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
