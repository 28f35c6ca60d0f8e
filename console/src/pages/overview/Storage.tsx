import type { Status } from "../../api/types";
import { useText } from "../../i18n/text";
import { Glyph } from "../../kit/Glyph";
import { Link } from "../../kit/Link";
import { Panel } from "../../kit/Panel";
import { address } from "../../router";

/** What keeps messages and points, how much, and how far back. */
export function Storage({ status }: { status: Status }) {
  const { t, rate, bytes, count, duration } = useText();
  const { streams, historian } = status;
  const now = Date.parse(status.now);
  return (
    <Panel title={t("overview.storage")} ruled className="b3">
      <div className="stor">
        <table className="tbl nb">
          <thead>
            <tr>
              <th>{t("overview.storage.name")}</th>
              <th className="num">{t("overview.storage.rate")}</th>
              <th className="num">{t("overview.storage.size")}</th>
              <th className="num">{t("overview.storage.span")}</th>
            </tr>
          </thead>
          <tbody>
            {streams.map((one) => (
              <tr key={one.name}>
                <td title={one.filters.join(", ")}>
                  <span className="st">
                    {one.refusing && <Glyph condition="p1" />}
                    <Link className="lnk" to={address("/stream", { name: one.name })}>
                      {one.name}
                    </Link>
                    {one.refusing && <span className="tag p1">{t("overview.storage.refusing")}</span>}
                  </span>
                </td>
                <td className="num">{rate(one.appendedRate)}</td>
                <td className="num">{bytes(one.bytes)}</td>
                <td className="num">{reach(one.firstTime ?? "", now, duration) || t("value.none")}</td>
              </tr>
            ))}
            {streams.length === 0 && (
              <tr>
                <td colSpan={4} className="mut">
                  {t("overview.storage.none")}
                </td>
              </tr>
            )}
            <tr>
              <td>{t("overview.storage.historian")}</td>
              <td className="num">{t("overview.storage.points", { rate: rate(historian.pointsRate) })}</td>
              <td className="num">{bytes(historian.bytes)}</td>
              <td className="num">
                {t("overview.storage.series", { n: historian.series, count: count(historian.series) })}
              </td>
            </tr>
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

// The zero time of the server stands for a stream without messages.
function reach(first: string, now: number, duration: (seconds: number) => string): string {
  const at = Date.parse(first);
  return at > 0 ? duration((now - at) / 1000) : "";
}
