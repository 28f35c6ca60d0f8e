import { useStatus } from "../api/queries";
import { useText } from "../i18n/text";
import { Glyph, ofPriority } from "../kit/Glyph";
import { Link } from "../kit/Link";

/** How many alarms of each priority are active; nothing when the plant is quiet. */
export function AlarmSummary() {
  const { t } = useText();
  const alarms = useStatus().data?.alarms ?? [];
  const groups = [1, 2, 3, 4]
    .map((priority) => ({ priority, count: alarms.filter((a) => a.priority === priority).length }))
    .filter((group) => group.count > 0);
  if (groups.length === 0) return null;
  return (
    <Link className="almsum" to="/" title={t("shell.alarms", { count: alarms.length })}>
      {groups.map(({ priority, count }) => (
        <span key={priority}>
          <Glyph condition={ofPriority(priority)} />
          {count}
        </span>
      ))}
    </Link>
  );
}
