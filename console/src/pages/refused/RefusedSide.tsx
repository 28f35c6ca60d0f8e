import type { Refusal } from "../../api/broker";
import { useMay } from "../../api/may";
import { useText } from "../../i18n/text";
import { Button } from "../../kit/Button";
import { Facts } from "../../kit/Facts";
import { Link } from "../../kit/Link";
import { Side } from "../../kit/Side";
import { address, go } from "../../router";

/** One refusal: what happened, and what to do about it. */
export function RefusedSide({ refusal: r, onClose }: { refusal: Refusal; onClose: () => void }) {
  const { t, count, dateTime, fault } = useText();
  const may = useMay("operator");
  const banTo = r.client ? { add: "client_id", value: r.client } : { add: "address", value: r.address };
  return (
    <Side
      label={t("refused.selected")}
      name={<span className="el">{r.client || r.address}</span>}
      lead={fault(r.reason, r.reason)}
      onClose={onClose}
    >
      <section>
        <p className="t12" lang="en">
          {r.text}
        </p>
      </section>
      <section>
        <h2>{t("refused.hint")}</h2>
        <p className="t12 mut2">{t(`refused.hint.${r.kind}`)}</p>
      </section>
      <section>
        <Facts
          facts={[
            [t("refused.code"), r.code],
            [t("refused.when"), t(r.admitted ? "refused.inside" : "refused.door")],
            [t("refused.count"), count(r.count)],
            [t("refused.first"), dateTime(Date.parse(r.at))],
            [t("refused.last"), dateTime(Date.parse(r.lastAt))],
            [t("clients.user"), r.user || t("value.none")],
            [t("clients.address"), r.address],
            [t("clients.listener"), r.listener || t("value.none")],
          ]}
        />
      </section>
      <section className="r">
        {r.client && (
          <Link className="lnk t12" to={address("/clients", { search: r.client })}>
            {t("refused.toClient")}
          </Link>
        )}
        <span className="sp" />
        {may && (
          <Button small onPress={() => go(address("/bans", banTo))}>
            {t("bans.verb")}
          </Button>
        )}
      </section>
    </Side>
  );
}
