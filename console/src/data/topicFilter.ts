/** Whether a topic filter, shared or not, matches a topic name [MQTT-4.7]. */
export function filterMatches(filter: string, topic: string): boolean {
  const levels = (filter.startsWith("$share/") ? filter.split("/").slice(2).join("/") : filter).split("/");
  const names = topic.split("/");
  if (topic.startsWith("$") && (levels[0] === "#" || levels[0] === "+")) return false;
  for (let i = 0; i < levels.length; i++) {
    if (levels[i] === "#") return i === levels.length - 1;
    if (i >= names.length || (levels[i] !== "+" && levels[i] !== names[i])) return false;
  }
  return levels.length === names.length;
}
