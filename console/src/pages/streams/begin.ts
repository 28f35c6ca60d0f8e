export const begins = ["keep", "oldest", "now", "time", "position"] as const;
/** Where a consumer group begins. */
export type Begin = (typeof begins)[number];

/** The same as the node is asked. The oldest is said, so that a group that was further on goes back. */
export function placeOf(begin: Begin, at: string): { from?: string; after?: string } {
  switch (begin) {
    case "keep":
      return {};
    case "oldest":
      return { after: "0:0" };
    case "now":
      return { from: "now" };
    case "time":
      return { from: at };
    case "position":
      return { after: at };
  }
}
