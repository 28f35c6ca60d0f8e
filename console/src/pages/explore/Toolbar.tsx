import { ChevronLeft, ChevronRight, Clock3, Download } from "lucide-react";
import { exploreWindows } from "../../data/windows";
import { date } from "../../i18n/format";
import { type Text, useText } from "../../i18n/text";
import { Button } from "../../kit/Button";
import { IconButton } from "../../kit/IconButton";
import { Segmented } from "../../kit/Segmented";
import { setQuery } from "../../router";
import { usePageKeys } from "../../shell/pageKeys";
import type { Board } from "./board";
import { save } from "./save";

interface Props {
  board: Board;
  seconds: number;
  /** End of the time in sight, seconds; null while live. */
  end: number | null;
  table: boolean;
}

/** Which time is in sight, and how it is shown. */
export function Toolbar({ board, seconds, end, table }: Props) {
  const text = useText();
  const { t, span } = text;
  const [from, to] = board.span;
  const fix = (at: number) => setQuery({ end: String(Math.round(at * 1000)) });
  const shift = (direction: -1 | 1) => {
    const next = to + (direction * seconds) / 2;
    const now = (Date.now() + board.offset) / 1000;
    if (next >= now) setQuery({ end: null });
    else fix(next);
  };
  const toggleLive = () => (end === null ? fix(to) : setQuery({ end: null }));
  usePageKeys({ "[": () => shift(-1), "]": () => shift(1), l: toggleLive });

  return (
    <>
      <div className="pgh">
        <h1>{t("nav.explore")}</h1>
        <span className="sp" />
        <div className="r range">
          <IconButton small icon={ChevronLeft} label={t("explore.back")} onPress={() => shift(-1)} />
          <span className="st t12">
            <Clock3 className="i" aria-hidden />
            {end === null ? t("explore.live") : rangeText(from, to, text)} <span className="mut">{span(seconds)}</span>
          </span>
          <IconButton
            small
            icon={ChevronRight}
            label={t("explore.forward")}
            isDisabled={end === null}
            onPress={() => shift(1)}
          />
        </div>
        <Segmented
          label={t("explore.mode")}
          value={end === null ? "live" : "fixed"}
          options={[
            { id: "live", text: t("explore.live") },
            { id: "fixed", text: t("explore.fixed") },
          ]}
          onChange={toggleLive}
        />
      </div>
      <div className="fbar">
        <Segmented
          label={t("explore.window")}
          value={String(seconds)}
          options={exploreWindows.map((one) => ({ id: String(one), text: span(one) }))}
          onChange={(window) => setQuery({ window })}
        />
        <span className="sp" />
        <Segmented
          label={t("explore.view")}
          value={table ? "table" : "chart"}
          options={[
            { id: "chart", text: t("explore.chart") },
            { id: "table", text: t("explore.table") },
          ]}
          onChange={(view) => setQuery({ view: view === "table" ? view : null })}
        />
        <Button
          small
          icon={Download}
          aria-label={t("explore.csv.title")}
          isDisabled={board.tracks.length === 0}
          onPress={() => save(board.tracks, board.span, text.zone)}
        >
          {t("explore.csv")}
        </Button>
      </div>
    </>
  );
}

function rangeText(from: number, to: number, text: Text): string {
  const [a, b] = [from * 1000, to * 1000];
  const sameDay = date(a, text.zone) === date(b, text.zone);
  const short = (ms: number) => text.dateTime(ms).slice(0, 16);
  return sameDay ? `${short(a)} – ${text.clock(b).slice(0, 5)}` : `${short(a)} – ${short(b)}`;
}
