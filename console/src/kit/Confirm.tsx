import { type ReactNode, useEffect, useRef, useState } from "react";
import { useText } from "../i18n/text";
import { Button } from "./Button";
import { Dialog } from "./Dialog";
import { errorText } from "./errorText";
import { Glyph } from "./Glyph";
import { toast } from "./toast";

interface Props {
  /** The question, with the object's name. */
  title: string;
  /** What the confirming button does, as a verb. */
  verb: string;
  /** The way out, as a verb. */
  keep?: string;
  danger?: boolean;
  disabled?: boolean;
  act: () => Promise<unknown>;
  onClose: () => void;
  children?: ReactNode;
}

/** Asks before something that cannot be undone; a failure is told in the dialog, or beside the page once it is closed. */
export function Confirm({ title, verb, keep, danger, disabled, act, onClose, children }: Props) {
  const text = useText();
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const open = useRef(true);
  useEffect(() => {
    open.current = true;
    return () => {
      open.current = false;
    };
  }, []);
  const run = async () => {
    setBusy(true);
    try {
      await act();
      if (open.current) onClose();
    } catch (problem) {
      if (!open.current) return toast(errorText(problem, text), true);
      setError(errorText(problem, text));
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} className="narrow" onClose={onClose}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        {children}
        {error && (
          <p className="note p1" role="alert">
            <Glyph condition="p1" />
            <span>{error}</span>
          </p>
        )}
        <div className="r end">
          <Button autoFocus={danger} onPress={onClose}>
            {keep ?? text.t("action.cancel")}
          </Button>
          <Button kind={danger ? "danger" : "primary"} type="submit" isDisabled={busy || disabled}>
            {verb}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
