import type { StreamStatus } from "../../api/types";
import { useText } from "../../i18n/text";
import { Glyph } from "../../kit/Glyph";

/** Why a stream keeps nothing at present, or has lost something. */
export function Trouble({ stream: s }: { stream: StreamStatus }) {
  const { t, count } = useText();
  return (
    <>
      {s.refusing && (
        <div className="note p1">
          <Glyph condition="p1" />
          <span>{t("streams.refusing")}</span>
        </div>
      )}
      {s.damaged > 0 && (
        <div className="note p2">
          <Glyph condition="p2" />
          <span>{t("streams.damaged", { n: s.damaged, count: count(s.damaged) })}</span>
        </div>
      )}
    </>
  );
}
