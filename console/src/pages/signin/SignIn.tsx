import { Eye, EyeOff } from "lucide-react";
import { type FormEvent, useEffect, useState } from "react";
import { Problem } from "../../api/client";
import { signIn } from "../../api/queries";
import { useText } from "../../i18n/text";
import { Mark } from "../../kit/Brand";
import { Button } from "../../kit/Button";
import { Field } from "../../kit/Field";
import { Glyph } from "../../kit/Glyph";
import { IconButton } from "../../kit/IconButton";
import { Segmented } from "../../kit/Segmented";
import { setPreferences } from "../../prefs/preferences";
import { WheelArt } from "./WheelArt";

export function SignIn() {
  const { t, language } = useText();
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [plain, setPlain] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Problem | null>(null);

  useEffect(() => {
    document.title = `${t("signin.title")} · Millrace`;
  }, [t]);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      await signIn(user, password);
    } catch (problem) {
      setError(problem instanceof Problem ? problem : new Problem(-1, String(problem), "", "", ""));
      setBusy(false);
    }
  };

  return (
    <main className="si">
      <div className="siform">
        <div className="brand">
          <Mark />
          Millrace
        </div>
        <form onSubmit={(event) => void submit(event)}>
          <h1>{t("signin.title")}</h1>
          <p className="mut2">{t("signin.lead", { host: location.host })}</p>
          <Field
            autoFocus
            label={t("signin.user")}
            name="username"
            isRequired
            autoComplete="username"
            value={user}
            onChange={setUser}
          />
          <Field
            label={t("signin.password")}
            name="password"
            isRequired
            type={plain ? "text" : "password"}
            autoComplete="current-password"
            value={password}
            onChange={setPassword}
          >
            <IconButton
              small
              icon={plain ? EyeOff : Eye}
              label={t(plain ? "signin.hide" : "signin.show")}
              onPress={() => setPlain(!plain)}
            />
          </Field>
          {error && (
            <div className="note p2" role="alert">
              <Glyph condition="p2" />
              <span>{reason(error, t)}</span>
            </div>
          )}
          <Button kind="primary" type="submit" isDisabled={busy}>
            {t("signin.submit")}
          </Button>
        </form>
        <footer>
          <span className="t11 mut">{t("signin.foot")}</span>
          <span className="sp" />
          <Segmented
            label={t("user.language")}
            value={language}
            options={[
              { id: "en", text: "EN" },
              { id: "de", text: "DE" },
            ]}
            onChange={(next) => setPreferences({ language: next })}
          />
        </footer>
      </div>
      <WheelArt />
    </main>
  );
}

function reason(error: Problem, t: ReturnType<typeof useText>["t"]): string {
  if (error.unreachable) return t("state.unreachable");
  if (error.status === 401) return t("signin.wrong");
  if (error.status === 429) return `${t("signin.locked")} ${error.detail}`;
  return [error.message, error.code].filter(Boolean).join(" ");
}
