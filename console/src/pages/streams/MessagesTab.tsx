import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { ChevronLeft, ChevronRight } from "lucide-react";
import { useMemo, useState } from "react";
import { useAlone } from "../../api/fresh";
import { useStatus } from "../../api/queries";
import { readStream, type Reading, type StreamMessage } from "../../api/streams";
import type { StreamStatus } from "../../api/types";
import { summary } from "../../data/summary";
import { bytesOf } from "../../data/value";
import { useText } from "../../i18n/text";
import { Button } from "../../kit/Button";
import { copyText } from "../../kit/copy";
import type { Column } from "../../kit/columns";
import { DataGrid } from "../../kit/DataGrid";
import { Field } from "../../kit/Field";
import { Glyph } from "../../kit/Glyph";
import { Select } from "../../kit/Select";
import { Empty, Failure, NoMatch, Skeleton, StaleBar } from "../../kit/states";
import { useSettled } from "../../kit/useSettled";
import { setQuery, usePlace } from "../../router";
import { MessageSide } from "./MessageSide";
import { back, beginnings, forwards, startOf, type Trail } from "./trail";

const keyOf = (m: StreamMessage) => m.position;

/** The messages of a stream, page by page. Where it begins and the filter are in the address. */
export function MessagesTab({ stream }: { stream: StreamStatus }) {
  const { t } = useText();
  const { query } = usePlace();
  const from = query.get("from") ?? "";
  const after = query.get("after") ?? "";
  const filter = useSettled(query.get("filter") ?? "");
  return (
    <>
      <div className="fbar">
        <Select
          quiet
          label={t("read.from")}
          value={from}
          options={beginnings.map((id) => ({ id, text: t(`read.from.${id || "oldest"}`) }))}
          onChange={(next) => setQuery({ from: next || null, after: null, at: null })}
        />
        <Field
          quiet
          className="wide"
          label={t("subs.filter")}
          placeholder={t("read.filter")}
          value={query.get("filter") ?? ""}
          onChange={(value) => setQuery({ filter: value || null, at: null })}
        />
        <Field
          key={after}
          quiet
          label={t("read.after")}
          placeholder={t("read.after")}
          defaultValue={after}
          onKeyDown={(event) => {
            if (event.key === "Enter") setQuery({ after: (event.target as HTMLInputElement).value.trim() || null, from: null, at: null });
          }}
        />
      </div>
      <Pages key={`${from}\n${after}\n${filter}`} stream={stream} from={from} after={after} filter={filter} />
    </>
  );
}

interface Asked {
  stream: StreamStatus;
  from: string;
  after: string;
  filter: string;
}

function Pages({ stream, from, after, filter }: Asked) {
  const { t, count } = useText();
  const offset = useStatus().data?.offset ?? 0;
  const [trail, setTrail] = useState<Trail>([]);
  const [start] = useState(() => startOf(from, Date.now() + offset));
  const place = trail.at(-1) ?? after;
  const reading: Reading = { ...(place ? { after: place } : start ? { from: start } : {}), ...(filter ? { filter } : {}) };
  const asked = useQuery({ ...readStream(stream.name, reading), placeholderData: keepPreviousData });
  const { data, error, refetch } = asked;
  const { alone, since, fresh } = useAlone(asked);
  const selected = usePlace().query.get("at");
  const rows = data?.messages ?? [];
  const chosen = rows.find((m) => m.position === selected);
  const turn = (to: Trail) => {
    setTrail(to);
    setQuery({ at: null });
  };
  if (error && (!data || asked.isPlaceholderData)) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton rows={12} />;
  return (
    <div className={chosen ? "split bsplit" : "split solo"}>
      <div className="col">
        {alone && <StaleBar since={since} retry={() => void refetch()} />}
        {data.removed && trail.length > 0 && (
          <div className="bar3" role="status">
            <Glyph condition="p4" />
            <span className="el">{t("read.removed")}</span>
          </div>
        )}
        {rows.length > 0 ? (
          <MessageGrid rows={rows} selected={selected} stale={!fresh} />
        ) : data.more ? (
          <NoMatch title={t("read.looked", { position: data.next })} action={<Button small onPress={() => turn(forwards(trail, data.next))}>{t("read.further")}</Button>}>
            {t("read.looked.what")}
          </NoMatch>
        ) : filter || place || start ? (
          <NoMatch title={t("read.none")}>{t("read.none.what")}</NoMatch>
        ) : (
          <Empty title={t("read.empty")}>{t("read.empty.what")}</Empty>
        )}
        <div className="foot">
          <span>{t("read.page", { page: trail.length + 1, n: rows.length, count: count(rows.length) })}</span>
          <span className="mut el hid">{data.more ? "" : t("read.end")}</span>
          <span className="sp" />
          <Button small kind="ghost" icon={ChevronLeft} isDisabled={trail.length === 0} onPress={() => turn(back(trail))}>
            {t("read.back")}
          </Button>
          <Button small kind="ghost" icon={ChevronRight} isDisabled={!data.more || asked.isPlaceholderData} onPress={() => turn(forwards(trail, data.next))}>
            {t("read.next")}
          </Button>
        </div>
      </div>
      {chosen && <MessageSide stream={stream.name} message={chosen} onClose={() => setQuery({ at: null })} />}
    </div>
  );
}

function MessageGrid({ rows, selected, stale }: { rows: readonly StreamMessage[]; selected: string | null; stale: boolean }) {
  const text = useText();
  const { t, bytes, clockMillis, dateTime } = text;
  const columns = useMemo(
    (): Column<StreamMessage>[] => [
      {
        id: "time",
        header: t("read.time"),
        width: "140px",
        cell: (m) => <span title={clockMillis(Date.parse(m.time))}>{dateTime(Date.parse(m.time))}</span>,
      },
      { id: "topic", header: t("topics.topic"), width: "minmax(110px, 1fr)", cell: (m) => <span className="el" title={m.topic}>{m.topic}</span> },
      {
        id: "payload",
        header: t("payload.title"),
        width: "minmax(120px, 1.2fr)",
        className: "mut2",
        wide: true,
        cell: (m) => <span className="el mono">{m.encoding === "text" ? summary(m.payload) : t("payload.binary")}</span>,
      },
      { id: "size", header: t("topics.size"), width: "76px", end: true, cell: (m) => bytes(bytesOf(m.payload, m.encoding).length) },
      { id: "qos", header: "QoS", width: "48px", end: true, wide: true, cell: (m) => m.qos },
      { id: "publisher", header: t("read.publisher"), width: "minmax(80px, 0.5fr)", className: "mut2", wide: true, cell: (m) => <span className="el">{m.publisher || t("value.none")}</span> },
      { id: "position", header: t("streams.position"), width: "88px", end: true, className: "mut2", wide: true, cell: (m) => m.position },
    ],
    [text],
  );
  return (
    <DataGrid
      label={t("read.messages")}
      className={stale ? "stale" : ""}
      rows={rows}
      keyOf={keyOf}
      columns={columns}
      selected={selected}
      onSelect={(m) => setQuery({ at: m.position })}
      onKey={(key, m) => {
        if (key === "y") void copyText(m.topic, t("action.copied"));
        if (key === "Escape") setQuery({ at: null });
      }}
    />
  );
}
