import type { Alarm } from "../../api/types";
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
              <span className="tx">
                <b className="el">{alarm.title}</b>
                <span className="mut el t11" title={alarm.detail}>
                  {alarm.detail}
                </span>
              </span>
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
