import { useMemo } from "react";
import type { Status } from "../../api/types";
import { useText } from "../../i18n/text";
import { Link } from "../../kit/Link";
import { Panel } from "../../kit/Panel";
import { stack } from "../../kit/plot";
import { TimeChart } from "../../kit/TimeChart";
import { thin } from "./bars";
import { type ChartProps, timesOf } from "./charts";

const colors = [4, 3, 8, 1, 2, 5];
const bars = 30;

/** Drops as bars stacked by reason: nothing is lost silently. */
export function DropChart({ history, seconds, name, status }: ChartProps & { status: Status }) {
  const { t, rate, axis, count, fault } = useText();
  const shown = useMemo(() => {
    const rows = history?.rows ?? {};
    const had = (reason: string) => rows[`dropped:${reason}`]?.some((v) => v > 0) ?? false;
    return status.dropped
      .filter((one) => one.rate > 0 || had(one.reason))
      .sort((a, b) => b.rate - a.rate || b.total - a.total)
      .slice(0, colors.length);
  }, [history, status.dropped]);
  const reasons = shown.map((one) => one.reason).join();
  const { data, span } = useMemo(() => {
    const { times, span } = timesOf(history, seconds);
    const rows = reasons ? reasons.split(",").map((reason) => history?.rows[`dropped:${reason}`] ?? []) : [];
    const thinned = thin(times, rows, span, bars);
    return { data: [thinned.times, ...stack(thinned.rows)] as [number[], ...number[][]], span };
  }, [history, seconds, reasons]);
  const total = status.dropped.reduce((sum, one) => sum + one.total, 0);

  return (
    <Panel
      title={t("overview.drops")}
      className="a3"
      aside={
        <span className="r t11 pr">
          {total > 0 && (
            <Link className="lnk" to="/clients?sort=dropped&order=desc">
              {t("overview.drops.why")}
            </Link>
          )}
          <Link className="lnk" to="/refused">
            {t("overview.refused")}
          </Link>
        </span>
      }
    >
      {shown.length === 0 ? (
        <div className="quiet">{t("overview.drops.none", { span: name })}</div>
      ) : (
        <div className="drops">
          <TimeChart
            label={t("overview.drops.label", { span: name })}
            lines={shown.map((one, i) => ({ label: one.title, color: colors[i] ?? 1 }))}
            data={data}
            span={span}
            stacked
            left={40}
            format={axis}
          />
          <ul>
            {shown.map((one, i) => (
              <li key={one.reason} title={`${one.code}, ${t("overview.drops.total", { count: count(one.total) })}`}>
                <i style={{ background: `var(--c${colors[i]})` }} />
                <span className="el">{fault(one.reason, one.title)}</span>
                <b>{rate(one.rate)}</b>
              </li>
            ))}
          </ul>
        </div>
      )}
    </Panel>
  );
}
