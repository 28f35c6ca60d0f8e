import type { Status } from "../../api/types";
import { useText } from "../../i18n/text";
import { Gauge } from "../../kit/Gauge";
import { Glyph } from "../../kit/Glyph";
import { Panel } from "../../kit/Panel";

/** What the process uses of its machine, and how it keeps data. */
export function NodePanel({ status }: { status: Status }) {
  const { t, fixed, bytes, percent, dateTime } = useText();
  const { process } = status;
  const used = process.diskTotal - process.diskFree;
  const share = process.diskTotal > 0 ? used / process.diskTotal : 0;
  const down = status.parts.filter((part) => !part.ready);
  return (
    <Panel
      title={t("overview.node")}
      ruled
      className="b1"
      aside={
        <span className="st t12 mut2 pr">
          <Glyph condition={down.length > 0 ? "p2" : "run"} />
          {down[0]
            ? t("overview.node.notReady", { name: down[0].name })
            : t("overview.node.ready", { n: status.parts.length })}
        </span>
      }
    >
      <div className="node">
        <div className="m">
          <label>{t("overview.node.cpu")}</label>
          <Gauge share={process.cpu / Math.max(1, process.cores)} label={t("overview.node.cpu")} />
          <span>{t("overview.node.cores", { used: fixed(process.cpu, 2), n: process.cores })}</span>
          <label>{t("overview.node.disk")}</label>
          <Gauge share={share} label={t("overview.node.disk")} />
          <span>{percent(share)}</span>
        </div>
        <dl className="kv">
          <div className="kvr">
            <dt>{t("overview.node.memory")}</dt>
            <dd>{bytes(process.memory)}</dd>
          </div>
          <div className="kvr">
            <dt>{t("overview.node.data")}</dt>
            <dd>{bytes(process.dataBytes)}</dd>
          </div>
          <div className="kvr">
            <dt>{t("overview.node.disk")}</dt>
            <dd>{t("overview.node.diskOf", { used: bytes(used), total: bytes(process.diskTotal) })}</dd>
          </div>
          <div className="kvr">
            <dt>{t("overview.node.durability")}</dt>
            <dd>{t(`overview.durability.${status.durability}`)}</dd>
          </div>
          <div className="kvr">
            <dt>{t("overview.node.started")}</dt>
            <dd>{dateTime(Date.parse(status.started))}</dd>
          </div>
        </dl>
      </div>
    </Panel>
  );
}
