import { useReach } from "../api/may";
import type { Key } from "../i18n/en";
import { useText } from "../i18n/text";
import { Dialog } from "../kit/Dialog";
import { listed } from "./pages";

const keys: readonly (readonly [readonly string[], Key])[] = [
  [["Ctrl K", "/"], "help.search"],
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

function Line({ names, what }: { names: readonly string[]; what: string }) {
  return (
    <div>
      <dt>
        {names.map((name) => (
          <kbd key={name}>{name}</kbd>
        ))}
      </dt>
      <dd>{what}</dd>
    </div>
  );
}

/** Every key that acts. */
export function HelpDialog({ onClose }: { onClose: () => void }) {
  const { t } = useText();
  const reach = useReach();
  return (
    <Dialog title={t("help.title")} className="narrow" onClose={onClose}>
      <dl className="keys">
        {keys.map(([names, what]) => (
          <Line key={what} names={names} what={t(what)} />
        ))}
      </dl>
      <h3 className="h3">{t("help.pages")}</h3>
      <dl className="keys pages">
        {listed
          .filter((page) => reach(page.least))
          .map((page) => (
            <Line key={page.path} names={["G", page.key.toUpperCase()]} what={t(page.name)} />
          ))}
      </dl>
      <p className="t12 mut">{t("help.note")}</p>
    </Dialog>
  );
}
