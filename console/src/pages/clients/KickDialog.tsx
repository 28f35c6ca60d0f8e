import { useState } from "react";
import { kick } from "../../api/broker";
import { useText } from "../../i18n/text";
import { Check } from "../../kit/Check";
import { Confirm } from "../../kit/Confirm";
import { toast } from "../../kit/toast";

interface Props {
  ids: readonly string[];
  /** Begins with the session ticked. */
  session?: boolean;
  onDone?: () => void;
  onClose: () => void;
}

/** Asks before clients are disconnected. */
export function KickDialog({ ids, session: first = false, onDone, onClose }: Props) {
  const { t, count } = useText();
  const [session, setSession] = useState(first);
  const n = ids.length;
  const name = ids[0] ?? "";
  const act = async () => {
    const { kicked } = await kick(ids, session);
    toast(t("kick.done", { n: kicked, count: count(kicked) }));
    onDone?.();
  };
  return (
    <Confirm
      danger
      title={n === 1 ? t("kick.one", { name }) : t("kick.many", { n, count: count(n) })}
      verb={t(session ? "kick.forget.verb" : "kick.verb", { n, count: count(n) })}
      keep={t("kick.keep")}
      act={act}
      onClose={onClose}
    >
      <p className="t12 mut2">{t("kick.what", { n })}</p>
      <Check label={t("kick.session")} on={session} onChange={setSession} />
      {session && <p className="t12 mut2">{t("kick.session.what", { n })}</p>}
    </Confirm>
  );
}
