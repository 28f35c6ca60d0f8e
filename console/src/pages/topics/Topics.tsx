import { Filter, Pause, Play } from "lucide-react";
import { useCallback, useEffect, useMemo, useState } from "react";
import { useFresh } from "../../api/fresh";
import { watchLive } from "../../api/live";
import { useStatus } from "../../api/queries";
import { useText } from "../../i18n/text";
import { Button } from "../../kit/Button";
import { copyText } from "../../kit/copy";
import { DataGrid } from "../../kit/DataGrid";
import { Field } from "../../kit/Field";
import { Glyph } from "../../kit/Glyph";
import { usePhone } from "../../kit/media";
import { PublishHint } from "../../kit/PublishHint";
import { Segmented } from "../../kit/Segmented";
import { Failure, NoMatch, Skeleton, StaleBar } from "../../kit/states";
import { address, go, setQuery, usePlace } from "../../router";
import { Cells } from "./cells";
import { topicColumns } from "./columns";
import { CellsContext } from "./LiveCells";
import { LevelPanel } from "./LevelPanel";
import { liveFilters, type TopicRow } from "./rows";
import { TopicPanel } from "./TopicPanel";
import { useTopicRows } from "./useTopicRows";

const branchOf = (row: TopicRow) => ({ level: row.level, open: row.open });

// Scrolling changes the filters; the stream opens once it rests.
const settle = 150;

export default function Topics() {
  const text = useText();
  const { t, count, rate } = text;
  const { query } = usePlace();
  const phone = usePhone();
  const filter = query.get("filter") ?? "";
  const flat = query.get("view") === "flat";
  const selected = query.get("topic");
  const [cells] = useState(() => new Cells());
  const [skipped, setSkipped] = useState(0);
  const [paused, setPaused] = useState(false);
  const [visible, setVisible] = useState<readonly TopicRow[]>([]);
  const { fresh, since } = useFresh();
  cells.offset = useStatus().data?.offset ?? 0;
  cells.paused = paused;

  const topics = useTopicRows(cells, filter, flat, selected);
  const chosen = topics.rows.find((row) => row.key === selected)?.node;
  const level = chosen && !chosen.hasMessage ? chosen : null;
  const sparks = topics.rows.some((row) => row.node.value !== undefined);
  const columns = useMemo(
    () => topicColumns(text, { full: flat || filter !== "", beside: selected !== null, sparks }),
    [text, flat, filter, selected, sparks],
  );
  const known = !topics.loading && !topics.error;
  const folds = topics.rows.some((row) => row.open !== undefined);
  const filters = liveFilters(visible, selected).join("\n");

  useEffect(() => {
    cells.start();
    return () => cells.stop();
  }, [cells]);

  useEffect(() => {
    if (filters === "") return;
    let close = () => {};
    const open = () => {
      close = watchLive(filters.split("\n"), "500ms", {
        message: (m) => cells.takeMessage(m),
        dropped: (n) => setSkipped((before) => before + n),
      });
    };
    const timer = setTimeout(open, settle);
    return () => {
      clearTimeout(timer);
      close();
    };
  }, [filters, cells]);

  const select = useCallback((row: TopicRow) => !row.more && setQuery({ topic: row.key }), []);
  const closePanel = () => setQuery({ topic: null });
  const onKey = (key: string, row: TopicRow) => {
    if (key === "y") void copyText(row.node.topic, t("action.copied"));
    if (key === "Escape") closePanel();
  };

  const grid = (
    <DataGrid
      label={t("nav.topics")}
      className={fresh ? "" : "stale"}
      rows={topics.rows}
      keyOf={(row) => row.key}
      columns={columns}
      branch={folds ? branchOf : undefined}
      selected={selected}
      onSelect={select}
      onOpen={(row) => go(address("/explore", { topic: row.node.topic }))}
      onFold={topics.fold}
      onKey={onKey}
      onVisible={setVisible}
    />
  );

  return (
    <CellsContext value={cells}>
      <div className="pgh">
        <h1>{t("nav.topics")}</h1>
        <span className="mut t12 hid">{known && t("topics.count", { n: topics.total, count: count(topics.total) })}</span>
        <span className="sp" />
        <Segmented
          label={t("topics.view")}
          value={flat ? "flat" : "tree"}
          options={[
            { id: "tree", text: t("topics.tree") },
            { id: "flat", text: t("topics.flat") },
          ]}
          onChange={(view) => setQuery({ view: view === "flat" ? view : null })}
        />
        <Button small icon={paused ? Play : Pause} onPress={() => setPaused(!paused)}>
          {phone ? null : t(paused ? "topics.resume" : "topics.pause")}
        </Button>
      </div>
      <div className="fbar">
        <Field
          quiet
          className="wide"
          icon={Filter}
          label={t("topics.filter")}
          placeholder={t("topics.filter.hint")}
          value={filter}
          onChange={(value) => setQuery({ filter: value || null })}
        />
        <span className="sp" />
        <span className="t12 mut hid">{known && t("topics.under", { rate: rate(topics.rate) })}</span>
      </div>
      <div className={`split ${selected ? "tsplit" : "solo"}${fresh ? "" : " old"}`}>
        <div className="col">
          {!fresh && <StaleBar since={since} retry={topics.retry} />}
          {topics.error ? (
            <Failure error={topics.error} retry={topics.retry} />
          ) : topics.loading ? (
            <Skeleton rows={12} />
          ) : topics.rows.length > 0 ? (
            grid
          ) : filter === "" ? (
            <PublishHint />
          ) : (
            <NoMatch
              title={t("topics.none", { filter })}
              action={
                <Button small onPress={() => setQuery({ filter: null })}>
                  {t("topics.clear")}
                </Button>
              }
            >
              {t("topics.none.what")}
            </NoMatch>
          )}
          <div className="foot hid">
            <span>{t(paused ? "topics.foot.paused" : "topics.foot")}</span>
            {skipped > 0 && (
              <span className="st">
                <Glyph condition="p4" />
                {t("topics.skipped", { n: skipped, count: count(skipped) })}
              </span>
            )}
            <span className="sp" />
            <span>
              <kbd>←</kbd> <kbd>→</kbd> {t("help.fold")}
            </span>
            <span>
              <kbd>Y</kbd> {t("help.copy")}
            </span>
            <span>
              <kbd>Enter</kbd> {t("topics.explore")}
            </span>
          </div>
        </div>
        {level ? (
          <LevelPanel node={level} onClose={closePanel} />
        ) : (
          selected && <TopicPanel key={selected} topic={selected} cells={cells} onClose={closePanel} />
        )}
      </div>
    </CellsContext>
  );
}
