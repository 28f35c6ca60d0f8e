import { useQuery } from "@tanstack/react-query";
import { RefreshCw } from "lucide-react";
import { accessInForce, type AccessOverview, changed } from "../../api/broker";
import { send } from "../../api/client";
import { useDated } from "../../api/fresh";
import { useText } from "../../i18n/text";
import { Button } from "../../kit/Button";
import { errorText } from "../../kit/errorText";
import { Glyph } from "../../kit/Glyph";
import { Failure, Skeleton, StaleBar } from "../../kit/states";
import { toast } from "../../kit/toast";
import { RulesPanel } from "./RulesPanel";
import { TryPanel } from "./TryPanel";
import { UsersPanel } from "./UsersPanel";

/** Who may come in by MQTT, what they may do, and which rule says so. */
export default function Access() {
  const text = useText();
  const { t } = text;
  const asked = useQuery(accessInForce);
  const { data, error, refetch } = asked;
  const { fresh, since } = useDated(asked);
  const reload = async () => {
    try {
      const { users, rules } = await send<AccessOverview>("POST", "/access/reload");
      toast(t("access.reloaded", { users: users.length, rules: rules.length }));
    } catch (problem) {
      toast(errorText(problem, text), true);
    }
    await changed("/access");
  };
  return (
    <>
      <div className="pgh">
        <h1>{t("nav.access")}</h1>
        <span className="mut t12 el hid">{t("access.lead")}</span>
        <span className="sp" />
        {data && (
          <Button small icon={RefreshCw} onPress={() => void reload()}>
            {t("access.reload")}
          </Button>
        )}
      </div>
      {data && !fresh && <StaleBar since={since} retry={() => void refetch()} />}
      {data && <Problems of={data} />}
      {data && <Warnings of={data} />}
      {!data ? (
        error ? <Failure error={error} retry={() => void refetch()} /> : <Skeleton rows={10} />
      ) : (
        <div className={fresh ? "body acc" : "body acc stale"}>
          <div className="clw">
            <RulesPanel access={data} />
            <UsersPanel access={data} />
          </div>
          <TryPanel users={data.users} />
        </div>
      )}
    </>
  );
}

/** Rules that cannot do what they say, in the node's words. */
function Warnings({ of }: { of: AccessOverview }) {
  return of.warnings.map((warning) => (
    <div key={warning} className="bar3" role="status">
      <Glyph condition="p3" />
      <span className="el" title={warning} lang="en">{warning}</span>
    </div>
  ));
}

/** Why a newer file does not count. */
function Problems({ of }: { of: AccessOverview }) {
  const { t } = useText();
  return [of.usersProblem, of.rulesProblem].map(
    (problem) =>
      problem && (
        <div key={problem} className="bar3" role="status">
          <Glyph condition="p2" />
          <span className="el">
            <b className="med">{t("access.problem")}</b> <span lang="en">{problem}</span>
          </span>
        </div>
      ),
  );
}
