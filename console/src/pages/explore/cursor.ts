// The one cursor through all charts, lanes and tables: its time in seconds, or null
// while it is nowhere. Readers write themselves, outside React.

export class Cursor {
  time: number | null = null;
  private readonly readers = new Set<(time: number | null) => void>();

  set(time: number | null) {
    if (time === this.time) return;
    this.time = time;
    this.tell();
  }

  /** Calls all readers again: there is new data under the cursor. */
  tell() {
    this.readers.forEach((read) => read(this.time));
  }

  read(reader: (time: number | null) => void): () => void {
    this.readers.add(reader);
    reader(this.time);
    return () => this.readers.delete(reader);
  }
}
