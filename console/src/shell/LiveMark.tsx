import { useFresh } from "../api/fresh";
import { useText } from "../i18n/text";
import { Glyph } from "../kit/Glyph";

/** The small wave means that data is arriving; it goes when data stops. */
export function LiveMark() {
  const { t } = useText();
  const { fresh } = useFresh();
  if (!fresh) {
    return (
      <span className="live" role="status">
        <Glyph condition="off" />
        <span className="tx">{t("shell.lost")}</span>
      </span>
    );
  }
  return (
    <span className="live">
      <i>
        <svg viewBox="0 0 32 8" fill="none" stroke="currentColor" strokeWidth="1.6" aria-hidden="true">
          <path d="M-4 4q2-4 4 0t4 0 4 0 4 0 4 0 4 0 4 0 4 0 4 0 4 0" />
        </svg>
      </i>
      <span className="tx">{t("shell.live")}</span>
    </span>
  );
}
