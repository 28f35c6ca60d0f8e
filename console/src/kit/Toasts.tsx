import { X } from "lucide-react";
import { useSyncExternalStore } from "react";
import { useText } from "../i18n/text";
import { Glyph } from "./Glyph";
import { IconButton } from "./IconButton";
import { currentToasts, dismiss, subscribeToasts } from "./toast";

export function Toasts() {
  const { t } = useText();
  const notes = useSyncExternalStore(subscribeToasts, currentToasts);
  return (
    <div className="toasts" role="region" aria-label={t("shell.notes")} aria-live="polite">
      {notes.map((note) => (
        <div key={note.id} className="toast">
          <Glyph condition={note.error ? "p1" : "ok"} />
          <span>{note.text}</span>
          <IconButton small icon={X} label={t("action.dismiss")} onPress={() => dismiss(note.id)} />
        </div>
      ))}
    </div>
  );
}
