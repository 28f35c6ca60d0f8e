import { useState } from "react";
import { changed, type Redirect } from "../../api/broker";
import { send } from "../../api/client";
import { useMay } from "../../api/may";
import { useStatus } from "../../api/queries";
import type { Text } from "../../i18n/text";
import { useText } from "../../i18n/text";
import { Button } from "../../kit/Button";
import { Check } from "../../kit/Check";
import { Confirm } from "../../kit/Confirm";
import { errorText } from "../../kit/errorText";
import { Facts } from "../../kit/Facts";
import { Field } from "../../kit/Field";
import { Glyph } from "../../kit/Glyph";
import { Panel } from "../../kit/Panel";
import { toast } from "../../kit/toast";

/** Whether clients are sent to another server, and the way to do so for maintenance. */
export function RedirectCard({ redirect: r }: { redirect: Redirect }) {
  const text = useText();
  const { t, dateTime } = text;
  const may = useMay("administrator");
  const [asking, setAsking] = useState(false);
  const end = () =>
    send("DELETE", "/redirect")
      .then(() => {
        toast(t("redirect.ended"));
        return changed("/redirect");
      })
      .catch((problem: unknown) => toast(errorText(problem, text), true));
  return (
    <Panel ruled title={t("redirect.title")}>
      <div className="pad">
        {r.active ? (
          <>
            <p className="note p3">
              <Glyph condition="p3" />
              <span>{whereTo(r, text)}</span>
            </p>
            <Facts facts={[r.since ? [t("redirect.since"), dateTime(Date.parse(r.since))] : null]} />
          </>
        ) : (
          <p className="t12 mut2">{t("redirect.off")}</p>
        )}
        {may && (
          <div className="r end">
            {r.active ? (
              <Button small onPress={() => void end()}>
                {t("redirect.end")}
              </Button>
            ) : (
              <Button small kind="danger" onPress={() => setAsking(true)}>
                {t("redirect.open")}
              </Button>
            )}
          </div>
        )}
      </div>
      {asking && <RedirectDialog onClose={() => setAsking(false)} />}
    </Panel>
  );
}

function whereTo(r: Redirect, { t }: Text): string {
  if (!r.reference) return t("redirect.away");
  return t(r.moved ? "redirect.moved" : "redirect.to", { name: r.reference });
}

function RedirectDialog({ onClose }: { onClose: () => void }) {
  const { t, count } = useText();
  const n = useStatus().data?.broker.connections ?? 0;
  const [reference, setReference] = useState("");
  const [moved, setMoved] = useState(false);
  const act = async () => {
    await send<Redirect>("POST", "/redirect", { reference: reference.trim(), moved });
    await changed("/redirect");
  };
  return (
    <Confirm danger title={t("redirect.ask", { n, count: count(n) })} verb={t("redirect.verb")} act={act} onClose={onClose}>
      <p className="t12 mut2">{t("redirect.what")}</p>
      <Field label={t("redirect.server")} placeholder="plant-2:1883" value={reference} onChange={setReference} />
      <p className="t12 mut2">{t("redirect.server.what")}</p>
      <Check label={t("redirect.forGood")} on={moved} onChange={setMoved} />
    </Confirm>
  );
}
