import type { ClientDetail } from "../../api/broker";
import { useText } from "../../i18n/text";
import { Glyph } from "../../kit/Glyph";
import { whyOf } from "./condition";

/** Why a client is behind, and what would help. */
export function WhyNote({ client, now }: { client: ClientDetail; now: number }) {
  const { t, count, fault } = useText();
  const why = whyOf(client, now);
  if (!why) return null;
  const quiet = why === "waiting";
  return (
    <div className={quiet ? "note" : "note p3"}>
      <Glyph condition={quiet ? "off" : "p3"} />
      <span>
        <b className="med">{t(`why.${why}`)}</b>{" "}
        {t(`why.${why}.what`, {
          n: client.queued,
          w: client.limits.clientReceiveMaximum,
          queued: count(client.queued),
          window: count(client.limits.clientReceiveMaximum),
          dropped: count(client.dropped),
          reason: client.lastError ? fault(client.lastError.reason, client.lastError.reason) : "",
        })}
      </span>
    </div>
  );
}
