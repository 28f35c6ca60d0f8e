import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { askWhy, type WhyAnswer } from "../../api/broker";
import { useText } from "../../i18n/text";
import { Button } from "../../kit/Button";
import { Field } from "../../kit/Field";
import { Panel } from "../../kit/Panel";
import { Select } from "../../kit/Select";
import { Empty, Failure, Skeleton } from "../../kit/states";
import { setQuery, usePlace } from "../../router";
import { Notes, Sentence, Verdict } from "./parts";

const spans = ["-10m", "-1h", "-1d"] as const;

/** Why a client did or did not get a message. The question is in the address. */
export default function Why() {
  const { t } = useText();
  const { query } = usePlace();
  const client = query.get("client") ?? "";
  const about = query.get("about") ?? "";
  const since = query.get("since") ?? "-1h";
  return (
    <>
      <div className="pgh">
        <h1>{t("nav.why")}</h1>
        <span className="mut t12 el hid">{t("story.lead")}</span>
      </div>
      <div className="body stories">
        <Ask client={client} about={about} since={since} />
        {client && about ? <Answer client={client} about={about} since={since} /> : <Empty title={t("story.first")}>{t("story.first.what")}</Empty>}
      </div>
    </>
  );
}

interface Question {
  client: string;
  about: string;
  since: string;
}

function Ask(asked: Question) {
  const { t } = useText();
  const [q, setQ] = useState(asked);
  const [shown, setShown] = useState(asked);
  // The address may change by itself; the fields stay, and with them the focus.
  if (shown.client !== asked.client || shown.about !== asked.about || shown.since !== asked.since) {
    setShown(asked);
    setQ(asked);
  }
  const ask = (event: FormEvent) => {
    event.preventDefault();
    setQuery({ client: q.client, about: q.about, since: q.since === "-1h" ? null : q.since, again: String(Date.now()) });
  };
  return (
    <Panel ruled title={t("story.question")}>
      <form className="pad form question" onSubmit={ask}>
        <div className="two">
          <Field autoFocus={asked.client === "" && asked.about !== ""} label={t("clients.id")} value={q.client} onChange={(client) => setQ({ ...q, client })} />
          <Field label={t("story.about")} value={q.about} onChange={(about) => setQ({ ...q, about })} />
        </div>
        <div className="r end asks">
          <Select
            label={t("story.since")}
            value={q.since}
            options={spans.map((id) => ({ id, text: t(`story.since.${id}`) }))}
            onChange={(since) => setQ({ ...q, since })}
          />
          <Button kind="primary" type="submit" isDisabled={q.client === "" || q.about === ""}>
            {t("story.ask")}
          </Button>
        </div>
      </form>
    </Panel>
  );
}

function Answer(q: Question) {
  const again = usePlace().query.get("again") ?? "";
  const { data: a, error, refetch } = useQuery(askWhy(q.client, q.about, q.since, again));
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (!a) return <Skeleton rows={6} />;
  return <Story answer={a} />;
}

function Story({ answer: a }: { answer: WhyAnswer }) {
  const { t, count, dateTime, clockMillis } = useText();
  return (
    <>
      <div aria-live="polite">
        <Verdict outcome={a.outcome} reason={a.reason} text={a.text} said={a.said} />
      </div>
      {a.state.length > 0 && (
        <Panel ruled title={t("story.state")}>
          <div className="pad said">
            {a.state.map((s) => (
              <p key={s.text}>
                <Sentence text={s.text} said={s.said} />
              </p>
            ))}
          </div>
        </Panel>
      )}
      {a.messages.toReversed().map((m) => (
        <Panel
          key={m.id ?? m.position}
          ruled
          title={t("story.message", { time: clockMillis(Date.parse(m.time)) })}
          tag={<span className="tag">{m.position ?? m.id}</span>}
        >
          <Notes notes={m.steps} label={t("story.steps")} />
          <div className="pad">
            <Verdict outcome={m.outcome} reason={m.reason} text={m.text} said={m.said} />
          </div>
        </Panel>
      ))}
      {a.more > 0 && <p className="mut t12">{t("story.more", { n: a.more, count: count(a.more) })}</p>}
      {a.notes.length > 0 && (
        <Panel ruled title={t("story.notes")}>
          <Notes notes={a.notes} label={t("story.notes")} />
        </Panel>
      )}
      <p className="mut t12">{t("story.window", { time: dateTime(Date.parse(a.window.from)) })}</p>
    </>
  );
}
