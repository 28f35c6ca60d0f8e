// What somebody types above the tree: an MQTT filter narrows it, anything else is
// searched for in topic names.

export interface TopicFilter {
  /** The level to begin at; empty for the root. */
  parent: string;
  /** Text that the topic contains. */
  search: string;
  /** True when the node's answer needs no further choice. */
  exact: boolean;
  /** Whether a topic belongs to it. */
  matches: (topic: string) => boolean;
}

export function readFilter(text: string): TopicFilter {
  const filter = text.trim();
  const levels = filter.split("/");
  const wild = levels.findIndex((level) => level === "+" || level === "#");
  if (filter === "" || filter === "#") return { parent: "", search: "", exact: true, matches: () => true };
  if (wild < 0) {
    const search = filter.toLowerCase();
    return { parent: "", search: filter, exact: true, matches: (topic) => topic.toLowerCase().includes(search) };
  }
  return {
    parent: levels.slice(0, wild).join("/"),
    search: "",
    exact: wild === levels.length - 1 && levels[wild] === "#",
    matches: (topic) => matchLevels(levels, topic.split("/")),
  };
}

function matchLevels(filter: readonly string[], topic: readonly string[]): boolean {
  for (let i = 0; i < filter.length; i++) {
    if (filter[i] === "#") return true;
    if (i >= topic.length || (filter[i] !== "+" && filter[i] !== topic[i])) return false;
  }
  return filter.length === topic.length;
}
