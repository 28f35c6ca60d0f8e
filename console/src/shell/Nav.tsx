import { PanelLeft } from "lucide-react";
import { useReach } from "../api/may";
import { useStatus } from "../api/queries";
import { useText } from "../i18n/text";
import { Mark } from "../kit/Brand";
import { IconButton } from "../kit/IconButton";
import { Link } from "../kit/Link";
import { setPreferences, usePreferences } from "../prefs/preferences";
import { usePlace } from "../router";
import { isAt, listed } from "./pages";

export function Nav() {
  const { t } = useText();
  const { rail } = usePreferences();
  const { path } = usePlace();
  const { data } = useStatus();
  const reach = useReach();
  return (
    <nav className="nav" aria-label={t("nav.main")}>
      <Link className="brand" to="/">
        <Mark />
        <span className="tx">Millrace</span>
      </Link>
      {listed.filter((entry) => reach(entry.least)).map((entry) => {
        const { path: to, name, group, icon: Icon } = entry;
        return (
        <div key={to} className="ng">
          {group && <h6>{t(group)}</h6>}
          <Link className="n" to={to} current={isAt(entry, path)} title={rail ? t(name) : undefined}>
            <Icon className="i" aria-hidden />
            <span className="tx">{t(name)}</span>
          </Link>
        </div>
        );
      })}
      <footer>
        <span className="tx el">{data && `Millrace ${data.version}`}</span>
        <span className="sp" />
        <IconButton
          small
          icon={PanelLeft}
          label={t(rail ? "nav.expand" : "nav.collapse")}
          onPress={() => setPreferences({ rail: !rail })}
        />
      </footer>
    </nav>
  );
}
