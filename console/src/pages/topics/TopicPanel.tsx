import { useQuery } from "@tanstack/react-query";
import { ChartSpline, Copy, X } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { lastMessage, seriesOfTopic, useStatus } from "../../api/queries";
import type { LiveMessage, TopicMessage } from "../../api/types";
import { Decimals, numberOf } from "../../data/value";
import { useText } from "../../i18n/text";
import { copyText } from "../../kit/copy";
import { IconButton } from "../../kit/IconButton";
import { Failure, Skeleton } from "../../kit/states";
import { address, go } from "../../router";
import type { Cells } from "./cells";
import { MiniHistory } from "./MiniHistory";
import { PayloadTabs } from "../../kit/PayloadTabs";
import { TopicFacts } from "./TopicFacts";
import { parentOf } from "./rows";

interface Props {
  topic: string;
  cells: Cells;
  onClose: () => void;
}

/** Everything about one topic, beside the tree. */
export function TopicPanel({ topic, cells, onClose }: Props) {
  const text = useText();
  const { t, age, fixed } = text;
  const offset = useStatus().data?.offset ?? 0;
  const first = useQuery(lastMessage(topic));
  const series = useQuery(seriesOfTopic(topic)).data;
  const live = useMessage(cells, topic);
  const [decimals] = useState(() => new Decimals());

  const message = useMemo(() => merge(first.data, live), [first.data, live]);
  const number = message?.encoding === "text" ? numberOf(message.payload) : undefined;
  const parent = parentOf(topic).split("/").join(" / ");

  return (
    <aside
      className="side"
      aria-label={t("topics.selected")}
      onKeyDown={(event) => event.key === "Escape" && onClose()}
    >
      <header>
        <div className="t11 mut el">{parent || " "}</div>
        <div className="r">
          <span className="name el">{topic.slice(parentOf(topic).length).replace(/^\//, "")}</span>
          <span className="sp" />
          <IconButton
            small
            icon={Copy}
            label={t("topics.copy")}
            onPress={() => void copyText(topic, t("action.copied"))}
          />
          <IconButton
            small
            icon={ChartSpline}
            label={t("topics.explore")}
            onPress={() => go(address("/explore", { series: (series ?? []).slice(0, 8).map((s) => s.series) }))}
          />
          <IconButton small icon={X} label={t("action.close")} onPress={onClose} />
        </div>
        {message && (
          <div className="r now">
            {number !== undefined && <b>{fixed(number, decimals.of(topic, number))}</b>}
            <span className="sp" />
            <span className="t12 mut">
              {t("topics.ago", { age: age(Date.parse(message.time), Date.now() + offset) })}
            </span>
          </div>
        )}
      </header>
      <MiniHistory series={series} />
      {message ? (
        <>
          <PayloadTabs message={message} />
          <TopicFacts message={message} series={series?.length} />
        </>
      ) : first.isError ? (
        <Failure error={first.error} retry={() => void first.refetch()} />
      ) : (
        <Skeleton rows={4} />
      )}
    </aside>
  );
}

function useMessage(cells: Cells, topic: string): LiveMessage | null {
  const [message, setMessage] = useState<LiveMessage | null>(null);
  useEffect(() => cells.follow(topic, setMessage), [cells, topic]);
  return message;
}

function merge(first: TopicMessage | undefined, live: LiveMessage | null): TopicMessage | undefined {
  if (!live) return first;
  return { ...live, stream: first?.stream };
}
