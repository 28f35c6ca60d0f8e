import type { Text } from "../../i18n/text";
import type { Column } from "../../kit/columns";
import { AgeCell, PublisherCell, RateCell, SparkCell, ValueCell } from "./LiveCells";
import type { TopicRow } from "./rows";

export interface Shape {
  /** Whole topics in place of levels. */
  full: boolean;
  /** Beside a panel the publisher is left out: the panel names it. */
  beside: boolean;
  /** Whether any row has a number to draw. */
  sparks: boolean;
}

/** The columns of the topic tree. */
export function topicColumns({ t, count }: Text, { full, beside, sparks }: Shape): Column<TopicRow>[] {
  const columns: Column<TopicRow>[] = [
    {
      id: "topic",
      header: t("topics.topic"),
      width: "minmax(190px, 1.3fr)",
      cell: ({ node, more, level }) => {
        if (more) return <span className="mut">{t("topics.more", { n: more, count: count(more) })}</span>;
        return (
          <span className="el" title={node.topic}>
            {(full && level === 0 ? node.topic : node.name) || t("topics.emptyLevel")}
          </span>
        );
      },
    },
    {
      id: "value",
      header: t("topics.value"),
      width: "minmax(96px, 1fr)",
      end: true,
      cell: ({ node, more }) => !more && node.hasMessage && <ValueCell topic={node.topic} />,
    },
    {
      id: "spark",
      header: t("topics.spark"),
      width: "108px",
      className: "sk",
      wide: true,
      cell: ({ node, more }) => !more && node.hasMessage && <SparkCell topic={node.topic} />,
    },
    {
      id: "rate",
      header: "msg/s",
      width: "64px",
      end: true,
      className: "mut2",
      wide: true,
      cell: ({ node, more }) => !more && <RateCell topic={node.topic} />,
    },
    {
      id: "age",
      header: t("topics.age"),
      width: "66px",
      end: true,
      className: "mut2",
      cell: ({ node, more }) => !more && node.hasMessage && <AgeCell topic={node.topic} />,
    },
    {
      id: "publisher",
      header: t("topics.publisher"),
      width: "minmax(84px, 132px)",
      className: "mut2",
      wide: true,
      cell: ({ node, more }) => !more && <PublisherCell topic={node.topic} publishers={node.publishers} />,
    },
  ];
  return columns.filter((column) => (column.id === "publisher" ? !beside : column.id !== "spark" || sparks));
}
