import type { WhyNote, WhyReason } from "../../api/broker";
import type { Key } from "../../i18n/en";
import { useText } from "../../i18n/text";
import { Glyph } from "../../kit/Glyph";
import { Table } from "../../kit/Table";
import { toneOf } from "./tone";

/** The answer: a word, the node's sentence and, for who reads another language, the reason. */
export function Verdict({ outcome, reason, text }: { outcome: string; reason?: WhyReason | undefined; text: string }) {
  const { t, fault, language } = useText();
  const tone = toneOf(outcome);
  return (
    <div className={tone === "p3" ? "note p3" : "note"}>
      <Glyph condition={tone} />
      <span>
        <b className="med">{t(`story.outcome.${outcome}` as Key)}</b>
        {reason && language !== "en" && <span className="mut2"> {fault(reason.reason, reason.title)}.</span>} {text}
      </span>
    </div>
  );
}

/** Sentences, each with its time where it has one. */
export function Notes({ notes, label }: { notes: readonly WhyNote[]; label: string }) {
  const { t, clockMillis } = useText();
  return (
    <div className="story">
      <Table
        label={label}
        none={t("story.none")}
        rows={notes}
        keyOf={(_, at) => String(at)}
        columns={[
          { id: "at", header: t("story.at"), cell: (n) => (n.at ? clockMillis(Date.parse(n.at)) : "") },
          { id: "text", header: t("story.what"), cell: (n) => n.text },
        ]}
      />
    </div>
  );
}
