import type { Key } from "../i18n/en";
import { useText } from "../i18n/text";
import { Dialog } from "../kit/Dialog";

const keys: readonly (readonly [readonly string[], Key])[] = [
  [["Ctrl K", "/"], "help.search"],
  [["G", "O"], "help.overview"],
  [["G", "C"], "help.clients"],
  [["G", "T"], "help.topics"],
  [["G", "S"], "help.streams"],
  [["G", "E"], "help.explore"],
  [["J", "K", "↑", "↓"], "help.move"],
  [["←", "→"], "help.fold"],
  [["Enter"], "help.open"],
  [["Y"], "help.copy"],
  [["L"], "help.live"],
  [["[", "]"], "help.shift"],
  [["U"], "help.zone"],
  [["Esc"], "help.back"],
  [["?"], "help.help"],
];

export function HelpDialog({ onClose }: { onClose: () => void }) {
  const { t } = useText();
  return (
    <Dialog title={t("help.title")} className="narrow" onClose={onClose}>
      <dl className="keys">
        {keys.map(([names, what]) => (
          <div key={what}>
            <dt>
              {names.map((name) => (
                <kbd key={name}>{name}</kbd>
              ))}
            </dt>
            <dd>{t(what)}</dd>
          </div>
        ))}
      </dl>
      <p className="t12 mut">{t("help.note")}</p>
    </Dialog>
  );
}
