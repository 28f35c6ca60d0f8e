import { X } from "lucide-react";
import type { TopicNode } from "../../api/types";
import { useText } from "../../i18n/text";
import { IconButton } from "../../kit/IconButton";
import { parentOf } from "./rows";

/** A level of the tree that has no messages of its own. */
export function LevelPanel({ node, onClose }: { node: TopicNode; onClose: () => void }) {
  const { t, rate, count } = useText();
  const facts: [string, string][] = [
    [t("topics.below"), count(node.topics)],
    [t("topics.rate"), `${rate(node.rate)} msg/s`],
    [t("topics.senders"), count(node.publishers)],
  ];
  return (
    <aside
      className="side"
      aria-label={t("topics.selected")}
      onKeyDown={(event) => event.key === "Escape" && onClose()}
    >
      <header>
        <div className="t11 mut el">{parentOf(node.topic).split("/").join(" / ") || " "}</div>
        <div className="r">
          <span className="name el">{node.name || t("topics.emptyLevel")}</span>
          <span className="sp" />
          <IconButton small icon={X} label={t("action.close")} onPress={onClose} />
        </div>
      </header>
      <section>
        <dl className="kv">
          {facts.map(([name, value]) => (
            <div key={name} className="kvr">
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </section>
      <section className="t12 mut2">{t("topics.level")}</section>
    </aside>
  );
}
