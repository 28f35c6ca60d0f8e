import { useQuery } from "@tanstack/react-query";
import { type Shared, type Subscription, whole } from "../../api/broker";
import { useText } from "../../i18n/text";
import { Facts } from "../../kit/Facts";
import { Glyph } from "../../kit/Glyph";
import { Link } from "../../kit/Link";
import { Side } from "../../kit/Side";
import { Failure, Skeleton } from "../../kit/states";
import { address } from "../../router";
import { conditionOf, nameOf } from "./shared";

const shown = 100;

interface Props {
  group: Shared;
  now: number;
  onClose: () => void;
}

/** One shared subscription: how it stands, and who its members are. */
export function SharedSide({ group: g, now, onClose }: Props) {
  const { t, count, bytes, age, dateTime, fault } = useText();
  const dropped = g.droppedBy.map((by) => `${count(by.count)} ${fault(by.reason, by.reason)}`).join("; ");
  const name = nameOf(g);
  return (
    <Side
      label={t("shared.selected")}
      name={
        <>
          <Glyph condition={conditionOf(g)} />
          <span className="el" title={name}>
            {name}
          </span>
        </>
      }
      lead={t(g.lasting ? "shared.lasting" : "shared.passing")}
      onClose={onClose}
    >
      <Trouble group={g} />
      <section>
        <Facts
          facts={[
            [t("shared.strategy"), t(`shared.strategy.${g.strategy}`)],
            g.lasting && [t("groups.inFlight"), count(g.unacknowledged)],
            g.lasting && [t("shared.waiting"), g.waiting > 0 ? `${count(g.waiting)}, ${bytes(g.waitingBytes)}` : "0"],
            g.lasting && g.waiting > 0 && g.oldest
              ? [t("shared.oldest"), <span title={dateTime(Date.parse(g.oldest))}>{age(Date.parse(g.oldest), now)}</span>]
              : null,
            [t("shared.lost"), dropped || "0"],
          ]}
        />
      </section>
      <section>
        <h2>{t("shared.members", { here: count(g.connected), away: count(g.members - g.connected) })}</h2>
        <Members name={name} />
      </section>
    </Side>
  );
}

/** What is wrong with the group and what helps, if anything. */
function Trouble({ group: g }: { group: Shared }) {
  const { t, count } = useText();
  const lonely = g.waiting > 0 && g.connected === 0;
  if (!lonely && g.lost === 0) return null;
  const [what, n] = g.lost > 0 ? (["shared.losing", g.lost] as const) : (["shared.lonely", g.waiting] as const);
  return (
    <div className="why">
      <div className={g.lost > 0 ? "note p3" : "note"}>
        <Glyph condition={conditionOf(g)} />
        <span>
          <b className="med">{t(what)}</b> {t(`${what}.what`, { n, count: count(n) })}
        </span>
      </div>
    </div>
  );
}

function Members({ name }: { name: string }) {
  const { t, count } = useText();
  const { data, error, refetch } = useQuery(whole<Subscription>("/subscriptions", 3_000, { filter: name, sort: "client", limit: shown }));
  if (!data) return error ? <Failure error={error} retry={() => void refetch()} /> : <Skeleton rows={2} />;
  const more = data.meta.count - data.items.length;
  return (
    <>
      <ul className="t12 members">
        {data.items.map((m) => (
          <li key={m.client}>
            <div className="r">
              <Glyph condition={m.connected ? "run" : "off"} />
              <Link className="lnk el" to={address("/client", { id: m.client })}>
                {m.client}
              </Link>
              <span className="sp" />
              <span className="mut">
                {t(m.connected ? "clients.state.connected" : "clients.state.disconnected")}, QoS {m.qos}
              </span>
            </div>
            {m.inFlight || m.queued ? (
              <div className="t11 mut has">{t("shared.has", { sent: count(m.inFlight ?? 0), queued: count(m.queued ?? 0) })}</div>
            ) : null}
          </li>
        ))}
      </ul>
      {more > 0 && <p className="t11 mut">{t("shared.more", { n: more, count: count(more) })}</p>}
    </>
  );
}
