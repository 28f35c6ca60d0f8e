import type { Listener } from "../../api/broker";
import { useText } from "../../i18n/text";
import { Facts } from "../../kit/Facts";
import { Glyph } from "../../kit/Glyph";
import { Link } from "../../kit/Link";
import { Panel } from "../../kit/Panel";
import { address } from "../../router";
import { expiryOf } from "./expiry";

/** unknownClients is the text that says who may come in without a name. */
function unknownClients(l: Listener) {
  if (l.anonymous) return "listeners.anonymous.yes";
  return l.anonymousLocal ? "listeners.anonymous.local" : "listeners.anonymous.no";
}

export function ListenerCard({ listener: l, now }: { listener: Listener; now: number }) {
  const { t, count, fault, dateTime } = useText();
  const refused = Object.entries(l.refused).filter(([, n]) => n > 0);
  const total = refused.reduce((sum, [, n]) => sum + n, 0);
  const ends = l.certificate && expiryOf(l.certificate.notAfter, now);
  const urgent = ends && ends.condition !== "run";
  return (
    <Panel
      ruled
      title={l.name}
      tag={<span className="tag">{t(`listeners.kind.${l.kind}`)}</span>}
      aside={<span className="t12 mut2 pr">{l.address}</span>}
    >
      <div className="pad">
        {urgent && l.certificate && (
          <p className={`note ${ends.condition}`}>
            <Glyph condition={ends.condition} />
            <span>
              <b className="med">
                {ends.days < 0 ? t("listeners.expired") : t("listeners.expires", { n: ends.days })}
              </b>{" "}
              {t("listeners.expires.what")}
            </span>
          </p>
        )}
        <Facts
          facts={[
            [
              t("listeners.open"),
              <Link key="open" className="lnk" to={address("/clients", { listener: l.name })}>
                {count(l.open)}
              </Link>,
            ],
            [t("listeners.accepted"), count(l.accepted)],
            [
              t("listeners.refused"),
              total === 0
                ? "0"
                : refused.map(([reason, n]) => `${fault(reason, reason)} ${count(n)}`).join(", "),
            ],
            [t("listeners.anonymous"), t(unknownClients(l))],
            [t("listeners.zone"), l.zone || t("listeners.zone.default")],
            l.certificate && [t("listeners.subject"), l.certificate.subject],
            l.certificate && [t("listeners.names"), l.certificate.names.join(", ") || t("value.nones")],
            l.certificate && [t("listeners.until"), dateTime(Date.parse(l.certificate.notAfter))],
          ]}
        />
      </div>
    </Panel>
  );
}
