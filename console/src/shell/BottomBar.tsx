import { useText } from "../i18n/text";
import { Link } from "../kit/Link";
import { usePlace } from "../router";
import { pages } from "./pages";

/** The navigation of narrow screens. */
export function BottomBar() {
  const { t } = useText();
  const { path } = usePlace();
  return (
    <nav className="botbar" aria-label={t("nav.main")}>
      {pages.map(({ path: to, name, icon: Icon }) => (
        <Link key={to} to={to} current={path === to}>
          <Icon className="i" aria-hidden />
          {t(name)}
        </Link>
      ))}
    </nav>
  );
}
