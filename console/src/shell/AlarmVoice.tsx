import { useEffect, useRef, useState } from "react";
import { useStatus } from "../api/queries";
import { saidText } from "../i18n/said";
import { useText } from "../i18n/text";

const pause = 5_000;

/** Speaks new alarms to screen readers, at most one every five seconds. */
export function AlarmVoice() {
  const words = useText();
  const alarms = useStatus().data?.alarms;
  const known = useRef<Set<string> | null>(null);
  const spoken = useRef(0);
  const [text, setText] = useState("");

  useEffect(() => {
    if (!alarms) return;
    const before = known.current;
    // Those that are new stay so until it is their turn to be spoken.
    known.current = new Set(alarms.map((alarm) => alarm.id).filter((id) => before?.has(id) ?? true));
    const fresh = alarms.find((alarm) => !known.current?.has(alarm.id));
    if (!fresh || Date.now() - spoken.current < pause) return;
    known.current.add(fresh.id);
    spoken.current = Date.now();
    setText(words.t("shell.alarm.new", { priority: fresh.priority, title: saidText(fresh.title_said, fresh.title, words) }));
  }, [alarms, words]);

  return (
    <div className="unseen" role="status" aria-live="polite">
      {text}
    </div>
  );
}
