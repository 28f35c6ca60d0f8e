import type { ReactNode } from "react";
import type { Shared } from "../../api/broker";
import type { Text } from "../../i18n/text";
import type { Column } from "../../kit/columns";
import { Glyph } from "../../kit/Glyph";
import { conditionOf } from "./shared";

/** The columns of shared subscriptions; beside leaves out what the panel shows. */
export function sharedColumns(text: Text, now: number, beside: boolean): Column<Shared>[] {
  const { t, count, age } = text;
  const zero = (n: number): ReactNode => (n === 0 ? <span className="mut">0</span> : count(n));
  // Of a group in memory nobody counts: its members' queues have what waits.
  const kept = (g: Shared, value: ReactNode) => (g.lasting ? value : <span className="mut">{t("shared.inQueues")}</span>);
  const all: (Column<Shared> & { aside?: boolean })[] = [
    {
      id: "filter",
      header: t("subs.filter"),
      sort: "filter",
      width: "minmax(140px, 1.6fr)",
      cell: (g) => (
        <span className="st nm">
          <Glyph condition={conditionOf(g)} />
          <span className="el" title={g.filter}>
            {g.filter}
          </span>
        </span>
      ),
    },
    { id: "share", header: t("shared.share"), sort: "share", width: "minmax(90px, 0.8fr)", cell: (g) => <span title={g.share}>{g.share}</span> },
    { id: "strategy", header: t("shared.strategy"), width: "minmax(110px, 0.7fr)", className: "mut2", wide: true, aside: true, cell: (g) => t(`shared.strategy.${g.strategy}`) },
    { id: "here", header: t("shared.here"), sort: "connected", width: "64px", end: true, cell: (g) => zero(g.connected) },
    { id: "away", header: t("shared.away"), width: "64px", end: true, wide: true, cell: (g) => zero(g.members - g.connected) },
    { id: "out", header: t("groups.inFlight"), width: "84px", end: true, wide: true, cell: (g) => kept(g, zero(g.unacknowledged)) },
    { id: "waiting", header: t("shared.waiting"), sort: "waiting", width: "80px", end: true, cell: (g) => kept(g, zero(g.waiting)) },
    {
      id: "oldest",
      header: t("shared.oldest"),
      width: "84px",
      end: true,
      wide: true,
      aside: true,
      cell: (g) => (g.oldest && g.waiting > 0 ? age(Date.parse(g.oldest), now) : <span className="mut">{t("value.nones")}</span>),
    },
    { id: "lost", header: t("shared.lost"), sort: "lost", width: "84px", end: true, wide: true, cell: (g) => zero(g.dropped) },
  ];
  return all.filter((column) => !(beside && column.aside));
}
