import { Suspense, useCallback, useEffect, useState } from "react";
import { useSession } from "../api/queries";
import { useText } from "../i18n/text";
import { Button } from "../kit/Button";
import { Glyph } from "../kit/Glyph";
import { Empty, Skeleton } from "../kit/states";
import { Toasts } from "../kit/Toasts";
import { usePreferences } from "../prefs/preferences";
import { go, usePlace } from "../router";
import { AlarmVoice } from "./AlarmVoice";
import { BottomBar } from "./BottomBar";
import { HelpDialog } from "./HelpDialog";
import { type Overlay, useKeys } from "./keys";
import { Nav } from "./Nav";
import { PageGuard } from "./PageGuard";
import { pages } from "./pages";
import { PasswordDialog } from "./PasswordDialog";
import { SearchDialog } from "./SearchDialog";
import { TopBar } from "./TopBar";

/** The frame around every page of somebody signed in. */
export function Shell() {
  const { t } = useText();
  const { rail } = usePreferences();
  const { path } = usePlace();
  const { data: session } = useSession();
  const [overlay, setOverlay] = useState<Overlay>(null);
  const close = useCallback(() => setOverlay(null), []);
  useKeys(setOverlay);
  const page = pages.find((one) => one.path === path);

  useEffect(() => {
    document.title = page ? `${t(page.name)} · Millrace` : "Millrace";
  }, [page, t]);

  return (
    <div className={rail ? "app rail" : "app"}>
      <Nav />
      <TopBar open={setOverlay} />
      <main className="main">
        {session?.mustChangePassword && (
          <div className="bar3">
            <Glyph condition="p3" />
            <span className="el">{t("password.first")}</span>
            <Button small onPress={() => setOverlay("password")}>
              {t("password.change")}
            </Button>
          </div>
        )}
        <PageGuard key={path}>
          <Suspense fallback={<Skeleton />}>{page ? <page.view /> : <NoPage />}</Suspense>
        </PageGuard>
      </main>
      <BottomBar />
      <AlarmVoice />
      <Toasts />
      {overlay === "search" && <SearchDialog onClose={close} />}
      {overlay === "help" && <HelpDialog onClose={close} />}
      {overlay === "password" && <PasswordDialog onClose={close} />}
    </div>
  );
}

function NoPage() {
  const { t } = useText();
  return (
    <Empty title={t("nav.none")} action={<Button onPress={() => go("/")}>{t("nav.overview")}</Button>}>
      {t("nav.none.what")}
    </Empty>
  );
}
