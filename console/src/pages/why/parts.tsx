import type { WhyNote, WhyReason } from "../../api/broker";
import type { Key } from "../../i18n/en";
import { useText } from "../../i18n/text";
import { Glyph } from "../../kit/Glyph";
import { Table } from "../../kit/Table";
import { toneOf } from "./tone";

/** A sentence of the node, which speaks English: to who reads another language the detail of a reason in theirs. */
function Said({ reason, text }: { reason?: WhyReason | undefined; text: string }) {
  const { fault, language } = useText();
  if (language === "en") return text;
  return (
    <>
      {reason && `${fault(reason.reason, reason.title)} (${reason.code}). `}
      <span className="mut2" lang="en">
        {text}
      </span>
    </>
  );
}

/** The answer: a word and the node's sentence. */
export function Verdict({ outcome, reason, text }: { outcome: string; reason?: WhyReason | undefined; text: string }) {
  const { t } = useText();
  const tone = toneOf(outcome);
  return (
    <div className={tone === "p3" ? "note p3" : "note"}>
      <Glyph condition={tone} />
      <span>
        <b className="med">{t(`story.outcome.${outcome}` as Key)}</b> <Said reason={reason} text={text} />
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
          { id: "text", header: t("story.what"), cell: (n) => <Said reason={n.reason} text={n.text} /> },
        ]}
      />
    </div>
  );
}
