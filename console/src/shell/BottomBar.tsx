import { Ellipsis } from "lucide-react";
import { Button, Dialog, DialogTrigger, Popover } from "react-aria-components";
import { useReach } from "../api/may";
import { useText } from "../i18n/text";
import { Link } from "../kit/Link";
import { usePlace } from "../router";
import { isAt, listed, type PageEntry } from "./pages";

/** The navigation of narrow screens: the pages most used, and the others under More. */
export function BottomBar() {
  const { t } = useText();
  const { path } = usePlace();
  const entry = (page: PageEntry) => (
    <Link key={page.path} to={page.path} current={isAt(page, path)}>
      <page.icon className="i" aria-hidden />
      {t(page.name)}
    </Link>
  );
  const reach = useReach();
  const others = listed.filter((page) => !page.bar && reach(page.least));
  return (
    <nav className="botbar" aria-label={t("nav.main")}>
      {listed.filter((page) => page.bar).map(entry)}
      <DialogTrigger>
        <Button className={others.some((page) => isAt(page, path)) ? "more on" : "more"}>
          <Ellipsis className="i" aria-hidden />
          {t("nav.more")}
        </Button>
        <Popover className="pop morepop" placement="top end" offset={6}>
          <Dialog aria-label={t("nav.more")}>
            {({ close }) => (
              <div className="morelist" onClick={close}>
                {others.map(entry)}
              </div>
            )}
          </Dialog>
        </Popover>
      </DialogTrigger>
    </nav>
  );
}
