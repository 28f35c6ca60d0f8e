import { Copy } from "lucide-react";
import { useText } from "../i18n/text";
import { copyText } from "./copy";
import { IconButton } from "./IconButton";

/** A command to copy and paste. */
export function CopyLine({ text }: { text: string }) {
  const { t } = useText();
  const copy = () => void copyText(text, t("action.copied"));
  return (
    <div className="bx">
      <code className="mono" tabIndex={0}>{text}</code>
      <IconButton small icon={Copy} label={t("action.copy")} onPress={copy} />
    </div>
  );
}
