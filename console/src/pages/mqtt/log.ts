// Messages of the MQTT client page: the newest ones, bounded, and what passed.

export interface Entry {
  id: number;
  at: number;
  way: "in" | "out";
  topic: string;
  payload: Uint8Array;
  qos: number;
  retain: boolean;
  /** What else came with it in MQTT 5, as text. */
  properties: readonly (readonly [string, string])[];
}

export interface Traffic {
  messagesIn: number;
  messagesOut: number;
  bytesIn: number;
  bytesOut: number;
}

/** The most messages that are kept; older ones go. */
export const kept = 2_000;

export class Log {
  entries: readonly Entry[] = [];
  traffic: Traffic = { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 };
  private next = 1;
  private fresh: Entry[] = [];

  /** Notes a message; it is seen after flush. */
  add(entry: Omit<Entry, "id">) {
    this.fresh.push({ ...entry, id: this.next++ });
    if (this.fresh.length > kept) this.fresh.shift();
    const t = this.traffic;
    const size = entry.payload.length;
    this.traffic =
      entry.way === "in"
        ? { ...t, messagesIn: t.messagesIn + 1, bytesIn: t.bytesIn + size }
        : { ...t, messagesOut: t.messagesOut + 1, bytesOut: t.bytesOut + size };
  }

  /** Puts what has come on top; false when nothing has. */
  flush(): boolean {
    if (this.fresh.length === 0) return false;
    this.entries = [...this.fresh.reverse(), ...this.entries].slice(0, kept);
    this.fresh = [];
    return true;
  }

  clear() {
    this.entries = [];
    this.fresh = [];
    this.traffic = { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 };
  }
}
