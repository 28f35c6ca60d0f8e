import { useEffect, useState } from "react";
import { Button } from "react-aria-components";
import { useStatus } from "../api/queries";
import { useText } from "../i18n/text";
import { setPreferences, usePreferences } from "../prefs/preferences";

/** The server's time: it rules. A press switches between local time and UTC. */
export function Clock() {
  const { t, clock, zoneName } = useText();
  const { zone } = usePreferences();
  const offset = useStatus().data?.offset ?? 0;
  const [now, setNow] = useState(() => Date.now());

  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);

  const time = now + offset;
  return (
    <Button className="btn gho s clock" onPress={() => setPreferences({ zone: zone === "utc" ? "local" : "utc" })}>
      {clock(time)} <span className="mut">{zoneName(time)}</span>
      <span className="unseen">{t("shell.zone.switch")}</span>
    </Button>
  );
}
