// Short notes at the bottom right: at most three, six seconds, errors stay.

export interface Note {
  id: number;
  text: string;
  error: boolean;
}

const life = 6_000;
const most = 3;
const listeners = new Set<() => void>();
let notes: readonly Note[] = [];
let next = 1;

function set(change: readonly Note[]) {
  notes = change;
  listeners.forEach((tell) => tell());
}

export function toast(text: string, error = false) {
  const id = next++;
  const all = [...notes, { id, text, error }];
  // Errors stay: the oldest of the others goes first.
  const oldest = all.findIndex((note) => !note.error && note.id !== id);
  set(all.length > most ? all.toSpliced(Math.max(0, oldest), 1) : all);
  if (!error) setTimeout(() => dismiss(id), life);
}

export function dismiss(id: number) {
  set(notes.filter((note) => note.id !== id));
}

export function subscribeToasts(tell: () => void) {
  listeners.add(tell);
  return () => {
    listeners.delete(tell);
  };
}

export const currentToasts = () => notes;
