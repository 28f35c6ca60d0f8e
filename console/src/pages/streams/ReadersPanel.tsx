import type { StreamStatus } from "../../api/types";
import { useText } from "../../i18n/text";
import { Panel } from "../../kit/Panel";
import { Table } from "../../kit/Table";
import { placeText } from "./words";

/** Who follows the stream, and how far behind each is. */
export function ReadersPanel({ stream: s }: { stream: StreamStatus }) {
  const text = useText();
  const { t, count, duration } = text;
  return (
    <Panel ruled title={t("streams.readers")} tag={<span className="tag">{count(s.readers.length)}</span>}>
      <Table
        label={t("streams.readers")}
        none={t("streams.readers.none")}
        rows={s.readers}
        keyOf={(one) => `${one.kind} ${one.name}`}
        columns={[
          { id: "name", header: t("streams.reader"), cell: (one) => one.name },
          { id: "kind", header: t("streams.kind"), cell: (one) => t(`streams.kind.${one.kind}`) },
          { id: "position", header: t("streams.position"), cell: (one) => placeText(one.position, text) },
          { id: "behind", header: t("streams.entries"), end: true, cell: (one) => count(one.behind) },
          { id: "lag", header: t("streams.lag"), end: true, cell: (one) => (one.behind > 0 ? duration(one.lag) : t("value.none")) },
        ]}
      />
    </Panel>
  );
}
