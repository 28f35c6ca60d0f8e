import { type FormEvent, useState } from "react";
import { send } from "../api/client";
import { client, useSession } from "../api/queries";
import { useText } from "../i18n/text";
import { Button } from "../kit/Button";
import { Dialog } from "../kit/Dialog";
import { errorText } from "../kit/errorText";
import { Field } from "../kit/Field";
import { Glyph } from "../kit/Glyph";
import { toast } from "../kit/toast";

/** The shortest password the node takes. */
export const shortest = 10;

export function PasswordDialog({ onClose }: { onClose: () => void }) {
  const text = useText();
  const { t } = text;
  const { data: session } = useSession();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);

  const save = async (event: FormEvent) => {
    event.preventDefault();
    if (next.length < shortest) return setError(t("password.short", { least: shortest }));
    setBusy(true);
    try {
      const user = encodeURIComponent(session?.user ?? "");
      await send("PUT", `/users/${user}/password`, { current, password: next });
      await client.invalidateQueries({ queryKey: ["session"] });
      toast(t("password.changed"));
      onClose();
    } catch (problem) {
      setError(errorText(problem, text));
    } finally {
      setBusy(false);
    }
  };

  return (
    <Dialog title={t("password.title", { name: session?.user ?? "" })} className="narrow" onClose={onClose}>
      <form className="form" onSubmit={(event) => void save(event)}>
        <input type="text" name="username" autoComplete="username" value={session?.user ?? ""} readOnly hidden />
        <Field
          autoFocus
          label={t("password.current")}
          type="password"
          autoComplete="current-password"
          value={current}
          onChange={setCurrent}
        />
        <Field label={t("password.new")} type="password" autoComplete="new-password" value={next} onChange={setNext} />
        <p className="t12 mut">{t("password.rule", { least: shortest })}</p>
        {error && (
          <p className="note p1" role="alert">
            <Glyph condition="p1" />
            {error}
          </p>
        )}
        <div className="r end">
          <Button onPress={onClose}>{t("action.cancel")}</Button>
          <Button kind="primary" type="submit" isDisabled={busy || !current || !next}>
            {t("password.save")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
