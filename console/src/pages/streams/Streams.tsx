import { Plus } from "lucide-react";
import { useMemo, useState } from "react";
import { useMay } from "../../api/may";
import { useStatus } from "../../api/queries";
import type { StreamStatus } from "../../api/types";
import { useWhole } from "../../api/useWhole";
import { useText } from "../../i18n/text";
import { Button } from "../../kit/Button";
import { copyText } from "../../kit/copy";
import type { Column } from "../../kit/columns";
import { Gauge } from "../../kit/Gauge";
import { Glyph } from "../../kit/Glyph";
import { ListFrame } from "../../kit/ListFrame";
import { Empty } from "../../kit/states";
import { address, go, setQuery, usePlace } from "../../router";
import { conditionOf } from "./condition";
import { StreamDialog } from "./StreamDialog";
import { StreamSide } from "./StreamSide";
import { filtersText, readersText, retentionText } from "./words";

const keyOf = (s: StreamStatus) => s.name;
const open = (s: StreamStatus) => go(address("/stream", { name: s.name }));

/** The durable streams, in the order they take messages. */
export default function Streams() {
  const text = useText();
  const { t, rate, bytes, age } = text;
  const selected = usePlace().query.get("stream");
  const may = useMay("administrator");
  const now = Date.now() + (useStatus().data?.offset ?? 0);
  const list = useWhole<StreamStatus>("/streams");
  const [adding, setAdding] = useState(false);
  const chosen = list.rows.find((s) => s?.name === selected);
  const second = Math.floor(now / 5_000);
  const beside = selected !== null;
  const columns = useMemo((): Column<StreamStatus>[] => {
    const all: (Column<StreamStatus> | false)[] = [
      {
        id: "name",
        header: t("streams.stream"),
        width: "minmax(120px, 1fr)",
        cell: (s) => (
          <span className="st nm">
            <Glyph condition={conditionOf(s)} />
            <span className="el" title={s.name}>
              {s.name}
            </span>
          </span>
        ),
      },
      {
        id: "filters",
        header: t("streams.takes"),
        width: "minmax(100px, 1fr)",
        className: "mut2",
        wide: true,
        cell: (s) => <span className="el" title={s.filters.join("\n")}>{filtersText(s, text)}</span>,
      },
      { id: "rate", header: t("streams.rate"), width: "72px", end: true, cell: (s) => rate(s.appendedRate) },
      {
        id: "bytes",
        header: t("topics.size"),
        width: "80px",
        end: true,
        cell: (s) => bytes(s.bytes),
      },
      !beside && {
        id: "full",
        header: t("streams.full"),
        width: "84px",
        wide: true,
        cell: (s) =>
          s.maxBytes > 0 ? <Gauge share={s.bytes / s.maxBytes} label={t("streams.fullOf", { name: s.name })} /> : <span className="mut">{t("streams.noBound")}</span>,
      },
      !beside && {
        id: "keeps",
        header: t("streams.keeps"),
        width: "minmax(144px, 0.8fr)",
        className: "mut2",
        wide: true,
        cell: (s) => retentionText(s, text),
      },
      {
        id: "oldest",
        header: t("streams.oldest"),
        width: "88px",
        end: true,
        className: "mut2",
        wide: true,
        cell: (s) => (s.firstTime ? age(Date.parse(s.firstTime), now) : t("value.nones")),
      },
      {
        id: "readers",
        header: t("streams.readers"),
        width: "minmax(100px, 1.3fr)",
        className: "mut2",
        cell: (s) => readersText(s, text),
      },
    ];
    return all.filter((column) => column !== false);
    // Ages are as old as five seconds.
  }, [text, beside, second]);
  return (
    <>
      <div className="pgh">
        <h1>{t("nav.streams")}</h1>
        <span className="mut t12 el hid">{t("streams.lead")}</span>
        <span className="sp" />
        {may && (
          <Button small icon={Plus} onPress={() => setAdding(true)}>
            {t("streams.add")}
          </Button>
        )}
      </div>
      <ListFrame
        label={t("nav.streams")}
        list={list}
        keyOf={keyOf}
        columns={columns}
        selected={selected}
        onSelect={(s) => setQuery({ stream: s.name })}
        onOpen={open}
        onKey={(key, s) => {
          if (key === "y") void copyText(s.name, t("action.copied"));
          if (key === "Escape") setQuery({ stream: null });
        }}
        empty={<Empty title={t("streams.none")}>{t("streams.none.what")}</Empty>}
        foot={
          <>
            <span>{t("streams.order")}</span>
            <span>
              <kbd>Enter</kbd> {t("streams.openKey")}
            </span>
          </>
        }
        side={chosen && <StreamSide stream={chosen} onOpen={() => open(chosen)} onClose={() => setQuery({ stream: null })} />}
      />
      {adding && <StreamDialog others={list.rows} onClose={() => setAdding(false)} />}
    </>
  );
}
