import { useState } from "react";
import type { Alarm } from "../../api/types";
import { saidText } from "../../i18n/said";
import { useText } from "../../i18n/text";
import { Glyph, ofPriority } from "../../kit/Glyph";
import { Panel } from "../../kit/Panel";

export function Alarms({ alarms, now }: { alarms: readonly Alarm[]; now: number }) {
  const { t, age, dateTime } = useText();
  const sorted = [...alarms].sort((a, b) => a.priority - b.priority || b.since.localeCompare(a.since));
  return (
    <Panel
      title={t("overview.alarms")}
      ruled
      className="b2"
      tag={alarms.length > 0 && <span className="tag">{alarms.length}</span>}
    >
      {alarms.length === 0 ? (
        <div className="quiet">
          <b className="med mut2">{t("overview.alarms.none")}</b>
          <span>{t("overview.alarms.none.what")}</span>
        </div>
      ) : (
        <ul className="alarms">
          {sorted.map((alarm) => (
            <li key={alarm.id}>
              <Glyph condition={ofPriority(alarm.priority)} />
              <Words alarm={alarm} />
              <span className="t11 mut2 num" title={dateTime(Date.parse(alarm.since))}>
                {age(Date.parse(alarm.since), now)}
              </span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

/** What is wrong, and what it means and helps: a line of it, or all after a press. */
function Words({ alarm }: { alarm: Alarm }) {
  const text = useText();
  const [whole, setWhole] = useState(false);
  return (
    <button type="button" className="tx" aria-expanded={whole} onClick={() => setWhole(!whole)}>
      <b className="el">{saidText(alarm.title_said, alarm.title, text)}</b>
      <span className={whole ? "mut t11" : "mut el t11"}>{saidText(alarm.detail_said, alarm.detail, text)}</span>
    </button>
  );
}
