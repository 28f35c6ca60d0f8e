import { KeyRound, LogOut } from "lucide-react";
import { Button as Press, Dialog, DialogTrigger, Popover, Switch } from "react-aria-components";
import { signOut, useSession } from "../api/queries";
import { useText } from "../i18n/text";
import { Button } from "../kit/Button";
import { errorText } from "../kit/errorText";
import { Segmented } from "../kit/Segmented";
import { toast } from "../kit/toast";
import { setPreferences, sizes, usePreferences } from "../prefs/preferences";
import type { Overlay } from "./keys";

/** Who is signed in, how they want the console, and the way out. */
export function UserMenu({ open }: { open: (overlay: Overlay) => void }) {
  const text = useText();
  const { t } = text;
  const { data: session } = useSession();
  const chosen = usePreferences();
  if (!session) return null;
  return (
    <DialogTrigger>
      <Press className="ava" data-initials={initials(session.user)} aria-label={t("user.menu", { name: session.user })} />
      <Popover className="pop" placement="bottom end" offset={8}>
        <Dialog aria-label={t("user.menu", { name: session.user })}>
          {({ close }) => (
            <>
              <div className="who">
                <b>{session.user}</b>
                <span className="mut t12">{t(`role.${session.role}`)}</span>
              </div>
              <div className="pref">
                <span>{t("user.theme")}</span>
                <Segmented
                  label={t("user.theme")}
                  value={chosen.theme}
                  options={[
                    { id: "system", text: t("user.theme.system") },
                    { id: "light", text: t("user.theme.light") },
                    { id: "dark", text: t("user.theme.dark") },
                  ]}
                  onChange={(theme) => setPreferences({ theme })}
                />
                <span>{t("user.language")}</span>
                <Segmented
                  label={t("user.language")}
                  value={chosen.language}
                  options={[
                    { id: "en", text: "English" },
                    { id: "de", text: "Deutsch" },
                  ]}
                  onChange={(language) => setPreferences({ language })}
                />
                <span>{t("user.time")}</span>
                <Segmented
                  label={t("user.time")}
                  value={chosen.zone}
                  options={[
                    { id: "local", text: t("user.time.local") },
                    { id: "utc", text: "UTC" },
                  ]}
                  onChange={(zone) => setPreferences({ zone })}
                />
                <span>{t("user.size")}</span>
                <Segmented
                  label={t("user.size")}
                  value={String(chosen.size)}
                  options={sizes.map((size) => ({ id: String(size), text: `${size}%` }))}
                  onChange={(size) => setPreferences({ size: Number(size) })}
                />
                <span id="single-keys">{t("user.keys")}</span>
                <Switch
                  className="swt"
                  aria-labelledby="single-keys"
                  isSelected={chosen.keys}
                  onChange={(keys) => setPreferences({ keys })}
                >
                  <i />
                </Switch>
              </div>
              <div className="out">
                <Button
                  small
                  kind="ghost"
                  icon={KeyRound}
                  onPress={() => {
                    close();
                    open("password");
                  }}
                >
                  {t("password.change")}
                </Button>
                <span className="sp" />
                <Button small icon={LogOut} onPress={() => void signOut().catch((problem: unknown) => toast(errorText(problem, text), true))}>
                  {t("user.signOut")}
                </Button>
              </div>
            </>
          )}
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}

function initials(name: string): string {
  const words = name.split(/[._@\s-]+/).filter(Boolean);
  const letters = words.length > 1 ? `${words[0]?.[0]}${words[1]?.[0]}` : name.slice(0, 2);
  return letters.toUpperCase();
}
