import { CircleQuestionMark, Factory, Search } from "lucide-react";
import { Button } from "react-aria-components";
import { useFresh } from "../api/fresh";
import { useStatus } from "../api/queries";
import { useText } from "../i18n/text";
import { Glyph } from "../kit/Glyph";
import { IconButton } from "../kit/IconButton";
import { AlarmSummary } from "./AlarmSummary";
import { Clock } from "./Clock";
import type { Overlay } from "./keys";
import { LiveMark } from "./LiveMark";
import { UserMenu } from "./UserMenu";

const tolerated = 2_000;

export function TopBar({ open }: { open: (overlay: Overlay) => void }) {
  const { t, duration } = useText();
  const { data } = useStatus();
  const { fresh } = useFresh();
  const off = data?.skew ?? 0;
  return (
    <header className={fresh ? "top" : "top still"}>
      <span className="site">
        <Factory className="i" aria-hidden />
        <span className="med el">{data?.node ?? "Millrace"}</span>
      </span>
      <span className="sp hid" />
      <Button className="search" onPress={() => open("search")}>
        <Search className="i" aria-hidden />
        <span className="el">{t("search.title")}</span>
        <kbd>Ctrl K</kbd>
      </Button>
      <span className="sp" />
      {off > tolerated && (
        <span className="st t12 mut2 hid" title={t("shell.skew.why")}>
          <Glyph condition="p3" />
          {t("shell.skew", { by: duration(off / 1000) })}
        </span>
      )}
      <AlarmSummary />
      <LiveMark />
      <Clock />
      <span className="hid">
        <IconButton icon={CircleQuestionMark} label={t("help.title")} onPress={() => open("help")} />
      </span>
      <span className="onlyphone">
        <IconButton icon={Search} label={t("search.title")} onPress={() => open("search")} />
      </span>
      <UserMenu open={open} />
    </header>
  );
}
