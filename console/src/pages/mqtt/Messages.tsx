import { useMemo, useState } from "react";
import { summary } from "../../data/summary";
import { useText } from "../../i18n/text";
import type { Column } from "../../kit/columns";
import { DataGrid } from "../../kit/DataGrid";
import { Facts } from "../../kit/Facts";
import { Panel } from "../../kit/Panel";
import { PayloadTabs } from "../../kit/PayloadTabs";
import { decoded } from "./decoded";
import { type Entry, kept } from "./log";

/** What came and went, newest first, with the chosen message below. */
export function Messages({ entries }: { entries: readonly Entry[] }) {
  const { t, count, bytes, clockMillis } = useText();
  const [chosen, setChosen] = useState<Entry | null>(null);
  const columns = useMemo(
    (): Column<Entry>[] => [
      { id: "at", header: t("explore.time"), width: "92px", className: "mut2", cell: (e) => clockMillis(e.at) },
      { id: "way", header: t("ws.way"), width: "76px", wide: true, className: "mut2", cell: (e) => t(`ws.way.${e.way}`) },
      { id: "topic", header: t("topics.topic"), width: "minmax(110px, 1fr)", cell: (e) => <span title={e.topic}>{e.topic}</span> },
      { id: "payload", header: t("payload.title"), width: "minmax(120px, 1.6fr)", cell: (e) => preview(e.payload) },
      { id: "qos", header: "QoS", width: "44px", end: true, wide: true, cell: (e) => e.qos },
      { id: "size", header: t("topics.size"), width: "72px", end: true, wide: true, cell: (e) => bytes(e.payload.length) },
    ],
    [t, bytes, clockMillis],
  );
  return (
    <Panel title={t("ws.messages")} ruled className="wsm" aside={<span className="t11 mut pr">{t("ws.kept", { count: count(kept) })}</span>}>
      {entries.length === 0 ? (
        <div className="quiet">{t("ws.messages.none")}</div>
      ) : (
        <DataGrid
          label={t("ws.messages")}
          rows={entries}
          keyOf={(e) => String(e.id)}
          columns={columns}
          selected={chosen ? String(chosen.id) : null}
          onSelect={setChosen}
          onKey={(key) => key === "Escape" && setChosen(null)}
        />
      )}
      {chosen && <Detail entry={chosen} />}
    </Panel>
  );
}

function Detail({ entry }: { entry: Entry }) {
  const { t } = useText();
  const message = { ...decoded(entry.payload), size: entry.payload.length, truncated: false, time: String(entry.id) };
  return (
    <div className="side wsd" role="region" aria-label={t("ws.message")}>
      <PayloadTabs message={message} />
      <section>
        <Facts
          facts={[
            [t("topics.topic"), entry.topic],
            [t("topics.qos"), `${entry.qos}, ${t(entry.retain ? "value.yes" : "value.no")}`],
            ...entry.properties,
          ]}
        />
      </section>
    </div>
  );
}

function preview(payload: Uint8Array): string {
  const { payload: text, encoding } = decoded(payload.subarray(0, 512), true);
  return encoding === "text" ? summary(text) : text.slice(0, 80);
}
