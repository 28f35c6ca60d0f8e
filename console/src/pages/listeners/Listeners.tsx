import { useQuery } from "@tanstack/react-query";
import { RefreshCw } from "lucide-react";
import { changed, type Listener, redirectInForce, whole } from "../../api/broker";
import { send } from "../../api/client";
import { useDated } from "../../api/fresh";
import { useMay } from "../../api/may";
import { useStatus } from "../../api/queries";
import { useText } from "../../i18n/text";
import { Button } from "../../kit/Button";
import { errorText } from "../../kit/errorText";
import { Glyph } from "../../kit/Glyph";
import { Failure, Skeleton, StaleBar } from "../../kit/states";
import { toast } from "../../kit/toast";
import { ListenerCard } from "./ListenerCard";
import { RedirectCard } from "./RedirectCard";

/** The ways in: what each has let in and turned away, and how long its certificate lasts. */
export default function Listeners() {
  const text = useText();
  const { t } = text;
  const asked = useQuery(whole<Listener>("/listeners"));
  const { data, error, refetch } = asked;
  const redirect = useQuery(redirectInForce).data;
  const now = Date.now() + (useStatus().data?.offset ?? 0);
  const { fresh, since } = useDated(asked);
  const may = useMay("administrator");
  const list = data?.items ?? [];
  const secure = list.some((one) => one.certificate || one.kind === "tls" || one.kind === "wss");
  const reload = async () => {
    try {
      const { listeners } = await send<{ listeners: string[] }>("POST", "/listeners/reload");
      toast(t("listeners.reloaded", { names: listeners.join(", ") || t("value.nones") }));
      await changed("/listeners");
    } catch (problem) {
      toast(errorText(problem, text), true);
    }
  };
  return (
    <>
      <div className="pgh">
        <h1>{t("nav.listeners")}</h1>
        <span className="mut t12 el hid">{t("listeners.lead")}</span>
        <span className="sp" />
        {may && secure && (
          <Button small icon={RefreshCw} onPress={() => void reload()}>
            {t("listeners.reload")}
          </Button>
        )}
      </div>
      {!fresh && data && <StaleBar since={since} retry={() => void refetch()} />}
      {error && !data ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Skeleton rows={6} />
      ) : list.length === 0 ? (
        <div className="quiet">
          <span className="st">
            <Glyph condition="off" />
            {t("listeners.none")}
          </span>
        </div>
      ) : (
        <div className={fresh ? "body cards" : "body cards stale"}>
          {list.map((one) => (
            <ListenerCard key={one.name} listener={one} now={now} />
          ))}
          {redirect && <RedirectCard redirect={redirect} />}
        </div>
      )}
    </>
  );
}
