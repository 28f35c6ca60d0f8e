import type { WhyNote, WhyReason } from "../../api/broker";
import type { Key } from "../../i18n/en";
import { hasWords, type Said, saidText } from "../../i18n/said";
import { useText } from "../../i18n/text";
import { Glyph } from "../../kit/Glyph";
import { Table } from "../../kit/Table";
import { toneOf } from "./tone";

/** A sentence of the node. One that the catalogue has no words for stays English, with its reason in the person's language. */
export function Sentence({ reason, text, said }: { reason?: WhyReason | undefined; text: string; said?: Said | undefined }) {
  const words = useText();
  const { fault, language } = words;
  if (language === "en" || (said && hasWords(said))) return saidText(said, text, words);
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
export function Verdict({ outcome, reason, text, said }: { outcome: string; reason?: WhyReason | undefined; text: string; said?: Said | undefined }) {
  const { t } = useText();
  const tone = toneOf(outcome);
  return (
    <div className={tone === "p3" ? "note p3" : "note"}>
      <Glyph condition={tone} />
      <span>
        <b className="med">{t(`story.outcome.${outcome}` as Key)}</b> <Sentence reason={reason} text={text} said={said} />
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
          { id: "text", header: t("story.what"), cell: (n) => <Sentence reason={n.reason} text={n.text} said={n.said} /> },
        ]}
      />
    </div>
  );
}
