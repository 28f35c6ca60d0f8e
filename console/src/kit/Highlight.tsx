/** Text with every occurrence of the words marked. */
export function Mark({ text, words }: { text: string; words: string }) {
  return marked(text, words).map((piece, i) => (piece.hit ? <mark key={i}>{piece.text}</mark> : piece.text));
}

/** Cuts text where any of the words begins and ends; letter case is ignored. */
export function marked(text: string, words: string): { text: string; hit: boolean }[] {
  const list = words.split(/\s+/).filter(Boolean).map(escape);
  if (list.length === 0) return [{ text, hit: false }];
  const pieces = text.split(new RegExp(`(${list.join("|")})`, "i"));
  return pieces.map((piece, i) => ({ text: piece, hit: i % 2 === 1 })).filter((piece) => piece.text !== "");
}

const escape = (word: string) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
