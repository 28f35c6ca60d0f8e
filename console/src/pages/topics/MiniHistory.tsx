import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { get } from "../../api/client";
import type { RangeAnswer, Series } from "../../api/types";
import { bucketFor } from "../../data/windows";
import { useText } from "../../i18n/text";
import { Segmented } from "../../kit/Segmented";
import { Failure } from "../../kit/states";
import { TimeChart } from "../../kit/TimeChart";

const windows = ["900", "3600", "28800", "86400"] as const;
const points = 240;

/** The stored history of a topic's numbers, one metric at a time. */
export function MiniHistory({ series }: { series: readonly Series[] | undefined }) {
  const { t, span, axis } = useText();
  const [window, setWindow] = useState<(typeof windows)[number]>("3600");
  const [metric, setMetric] = useState<string | null>(null);
  const numbers = useMemo(() => (series ?? []).filter((one) => one.kind === "number"), [series]);
  const shown = numbers.find((one) => one.metric === metric) ?? numbers[0];
  const seconds = Number(window);
  const bucket = bucketFor(seconds, points);

  const answer = useQuery({
    queryKey: ["mini", shown?.series, window],
    queryFn: ({ signal }) =>
      get<RangeAnswer>(
        "/series/range",
        { series: shown?.series, from: `-${seconds}s`, bucket: `${bucket}s`, fn: "avg", limit: 2_000 },
        signal,
      ),
    enabled: shown !== undefined,
    refetchInterval: Math.max(2_000, bucket * 500),
    // Another window shows the old one until it is there, another series does not.
    placeholderData: (before, query) => (query?.queryKey[1] === shown?.series ? before : undefined),
  });
  const item = answer.data?.items[0];
  const data = useMemo<[number[], (number | null)[]]>(
    () => [(item?.times ?? []).map((time) => Date.parse(time) / 1000), item?.avg ?? []],
    [item],
  );
  const to = answer.data ? Date.parse(answer.data.to) / 1000 : 0;

  if (!shown) return null;
  return (
    <section>
      <div className="r hist">
        <h3 className="h3">{t("topics.history")}</h3>
        <span className="sp" />
        <Segmented
          label={t("topics.window")}
          value={window}
          options={windows.map((id) => ({ id, text: span(Number(id)) }))}
          onChange={setWindow}
        />
      </div>
      {numbers.length > 1 && (
        <div className="chips" role="group" aria-label={t("topics.metric")}>
          {numbers.slice(0, 8).map((one) => (
            <button
              key={one.metric}
              type="button"
              className={one === shown ? "chip on" : "chip"}
              aria-pressed={one === shown}
              onClick={() => setMetric(one.metric)}
            >
              {one.metric}
            </button>
          ))}
        </div>
      )}
      {!answer.data && answer.error ? (
        <Failure error={answer.error} retry={() => void answer.refetch()} />
      ) : answer.data && data[0].length === 0 ? (
        <div className="quiet mini">{t("explore.nodata")}</div>
      ) : (
      <TimeChart
        className="mini"
        label={t("topics.history.of", { name: shown.metric, span: span(seconds) })}
        lines={[{ label: shown.metric, color: 3 }]}
        left={40}
        data={data}
        span={[to - seconds, to]}
        format={axis}
      />
      )}
      <p className="t11 mut">{t("chart.avg", { span: span(bucket) })}</p>
    </section>
  );
}
