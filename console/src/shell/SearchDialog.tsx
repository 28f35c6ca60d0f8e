import { useQuery } from "@tanstack/react-query";
import { ChartSpline, ListTree, type LucideIcon, MonitorSmartphone, Search } from "lucide-react";
import { type KeyboardEvent, useDeferredValue, useState } from "react";
import { clientSearch } from "../api/broker";
import { useReach } from "../api/may";
import { seriesSearch, topicSearch } from "../api/queries";
import { summary } from "../data/summary";
import type { Key } from "../i18n/en";
import { useText } from "../i18n/text";
import { Dialog } from "../kit/Dialog";
import { errorText } from "../kit/errorText";
import { Mark } from "../kit/Highlight";
import { address, go } from "../router";
import { listed } from "./pages";

interface Hit {
  id: string;
  text: string;
  side?: string;
  icon: LucideIcon;
  to: string;
  group: Key;
}

const most = 7;

/** Finds clients, topics, series and pages; all of it works by keyboard. */
export function SearchDialog({ onClose }: { onClose: () => void }) {
  const words = useText();
  const { t } = words;
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const { hits, total, busy, error } = useHits(useDeferredValue(text.trim()));
  const chosen = Math.min(at, hits.length - 1);

  const open = (hit: Hit | undefined) => {
    if (!hit) return;
    onClose();
    go(hit.to);
  };
  const keyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") setAt(Math.min(chosen + 1, hits.length - 1));
    else if (event.key === "ArrowUp") setAt(Math.max(chosen - 1, 0));
    else if (event.key === "Enter") open(hits[chosen]);
    else return;
    event.preventDefault();
  };

  return (
    <Dialog bare title={t("search.title")} className="pal" onClose={onClose}>
      <div className="q">
        <Search className="i" aria-hidden />
        <input
          autoFocus
          role="combobox"
          aria-expanded="true"
          aria-controls="hits"
          aria-activedescendant={hits[chosen] ? `hit-${chosen}` : undefined}
          aria-label={t("search.title")}
          placeholder={t("search.title")}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setAt(0);
          }}
          onKeyDown={keyDown}
        />
        <kbd>Esc</kbd>
      </div>
      <ul id="hits" role="listbox" aria-label={t("search.results")}>
        {error ? (
          <li className="none">{errorText(error, words)}</li>
        ) : (
          hits.length === 0 && <li className="none">{busy ? t("state.loading") : t("search.none", { text })}</li>
        )}
        {hits.map((hit, i) => (
          <li key={hit.id} role="presentation">
            {hit.group !== hits[i - 1]?.group && <h6 role="presentation">{t(hit.group)}</h6>}
            <div
              id={`hit-${i}`}
              role="option"
              aria-selected={i === chosen}
              className="hit"
              onClick={() => open(hit)}
              onPointerMove={() => setAt(i)}
            >
              <hit.icon className="i" aria-hidden />
              <span className="el">
                <Mark text={hit.text} words={text} />
              </span>
              {hit.side && <span className="t12 mut2 num">{hit.side}</span>}
              {i === chosen && <kbd>Enter</kbd>}
            </div>
          </li>
        ))}
      </ul>
      <div className="pf">
        <span>
          <kbd>↑</kbd> <kbd>↓</kbd> {t("search.move")}
        </span>
        <span>
          <kbd>Enter</kbd> {t("search.open")}
        </span>
        <span className="sp" />
        {text && <span>{t("search.count", { shown: hits.length, total })}</span>}
      </div>
    </Dialog>
  );
}

interface Hits {
  hits: Hit[];
  total: number;
  /** Whether the node has yet to answer. */
  busy: boolean;
  error: unknown;
}

function useHits(text: string): Hits {
  const { t } = useText();
  const reach = useReach();
  const enabled = text !== "";
  const asked = [
    useQuery({ ...clientSearch(text, most), enabled }),
    useQuery({ ...topicSearch(text, false, most), enabled }),
    useQuery({ ...seriesSearch(text, most), enabled }),
  ] as const;
  const [clients, topics, series] = [asked[0].data, asked[1].data, asked[2].data];
  const found = listed
    .filter((page) => reach(page.least) && t(page.name).toLowerCase().includes(text.toLowerCase()))
    .map((page): Hit => ({
      id: page.path,
      text: t(page.name),
      icon: page.icon,
      to: page.path,
      side: `G ${page.key.toUpperCase()}`,
      group: "search.pages",
    }));
  if (!enabled) return { hits: found, total: found.length, busy: false, error: null };
  const hits = [
    ...still(asked[0], clients?.items ?? [], (one) => one.id, text).map((one): Hit => ({
      id: `client ${one.id}`,
      text: one.id,
      side: one.address,
      icon: MonitorSmartphone,
      to: address("/client", { id: one.id }),
      group: "search.clients",
    })),
    ...still(asked[1], topics?.items ?? [], (node) => node.topic, text).map((node): Hit => ({
      id: `topic ${node.topic}`,
      text: node.topic,
      side: summary(node.preview ?? "").split(" · ").slice(0, 2).join(" · "),
      icon: ListTree,
      to: address("/topics", { topic: node.topic }),
      group: "search.topics",
    })),
    ...still(asked[2], series?.items ?? [], (one) => one.series, text).map((one): Hit => ({
      id: `series ${one.series}`,
      text: one.series,
      icon: ChartSpline,
      to: address("/explore", { series: one.series }),
      group: "search.series",
    })),
    ...found,
  ];
  return {
    hits,
    total: (clients?.meta.count ?? 0) + (topics?.meta.count ?? 0) + (series?.meta.count ?? 0) + found.length,
    busy: asked.some((one) => one.isPending || one.isPlaceholderData),
    error: asked.find((one) => one.isError)?.error ?? null,
  };
}

/** Of an answer to what was typed before, that which has the words of now. */
function still<T>({ isPlaceholderData }: { isPlaceholderData: boolean }, items: readonly T[], nameOf: (one: T) => string, text: string): readonly T[] {
  const words = text.toLowerCase().split(/\s+/);
  return isPlaceholderData ? items.filter((one) => words.every((word) => nameOf(one).toLowerCase().includes(word))) : items;
}
