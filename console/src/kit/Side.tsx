import { X } from "lucide-react";
import type { ReactNode } from "react";
import { useText } from "../i18n/text";
import { IconButton } from "./IconButton";

interface Props {
  label: string;
  name: ReactNode;
  /** Below the name. */
  lead?: ReactNode;
  /** Buttons beside the name. */
  tools?: ReactNode;
  onClose: () => void;
  children: ReactNode;
}

/** The panel beside a table, about the selected row. */
export function Side({ label, name, lead, tools, onClose, children }: Props) {
  const { t } = useText();
  return (
    <aside className="side" aria-label={label} onKeyDown={(event) => event.key === "Escape" && onClose()}>
      <header>
        <div className="r">
          <span className="name st el">{name}</span>
          <span className="sp" />
          {tools}
          <IconButton small icon={X} label={t("action.close")} onPress={onClose} />
        </div>
        {lead && <div className="t12 mut2">{lead}</div>}
      </header>
      {children}
    </aside>
  );
}
