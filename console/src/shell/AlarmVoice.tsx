import { useEffect, useRef, useState } from "react";
import { useStatus } from "../api/queries";
import { useText } from "../i18n/text";

const pause = 5_000;

/** Speaks new alarms to screen readers, at most one every five seconds. */
export function AlarmVoice() {
  const { t } = useText();
  const alarms = useStatus().data?.alarms;
  const known = useRef<Set<string> | null>(null);
  const spoken = useRef(0);
  const [text, setText] = useState("");

  useEffect(() => {
    if (!alarms) return;
    const fresh = known.current && alarms.find((alarm) => !known.current?.has(alarm.id));
    if (fresh && Date.now() - spoken.current < pause) return;
    known.current = new Set(alarms.map((alarm) => alarm.id));
    if (!fresh) return;
    spoken.current = Date.now();
    setText(t("shell.alarm.new", { priority: fresh.priority, title: fresh.title }));
  }, [alarms, t]);

  return (
    <div className="unseen" role="status" aria-live="polite">
      {text}
    </div>
  );
}
