import { type FormEvent, useId, useRef, useState } from "react";
import { type AccessAnswer, type AccessQuestion, type AccessUser, tryAccess } from "../../api/broker";
import { useText } from "../../i18n/text";
import { Button } from "../../kit/Button";
import { Check } from "../../kit/Check";
import { errorText } from "../../kit/errorText";
import { Field } from "../../kit/Field";
import { Glyph } from "../../kit/Glyph";
import { Panel } from "../../kit/Panel";
import { Select } from "../../kit/Select";

const first: AccessQuestion = { action: "publish", topic: "", client: "", user: "", address: "", qos: 0, retain: false };

/** Asks the rules as a client would, and shows which one decides. */
export function TryPanel({ users }: { users: readonly AccessUser[] }) {
  const text = useText();
  const { t } = text;
  const names = useId();
  const [asked, setAsked] = useState(first);
  const [answer, setAnswer] = useState<AccessAnswer | null>(null);
  const [error, setError] = useState("");
  // The question in the form: an answer to another one comes too late.
  const question = useRef(0);
  const change = (part: Partial<AccessQuestion>) => {
    question.current++;
    setAsked((before) => ({ ...before, ...part }));
    setAnswer(null);
  };
  const ask = (event: FormEvent) => {
    event.preventDefault();
    setError("");
    setAnswer(null);
    const mine = ++question.current;
    tryAccess(asked).then(
      (a) => mine === question.current && setAnswer(a),
      (problem: unknown) => mine === question.current && setError(errorText(problem, text)),
    );
  };
  return (
    <Panel ruled title={t("access.try")}>
      <form className="pad form" onSubmit={ask}>
        <div className="two">
          <Field label={t("clients.id")} value={asked.client} onChange={(client) => change({ client })} />
          <Field label={t("clients.user")} value={asked.user} list={names} onChange={(user) => change({ user })} />
        </div>
        <datalist id={names}>
          {users.map((u) => (
            <option key={u.name} value={u.name} />
          ))}
        </datalist>
        <div className="two">
          <Select
            label={t("access.action")}
            value={asked.action}
            options={(["publish", "subscribe"] as const).map((id) => ({ id, text: t(`access.action.${id}`) }))}
            onChange={(action) => change({ action: action as AccessQuestion["action"] })}
          />
          <Select
            label="QoS"
            value={String(asked.qos)}
            options={["0", "1", "2"].map((id) => ({ id, text: id }))}
            onChange={(qos) => change({ qos: Number(qos) })}
          />
        </div>
        <Field
          label={t(asked.action === "publish" ? "topics.topic" : "subs.filter")}
          value={asked.topic}
          onChange={(topic) => change({ topic })}
        />
        <Field label={t("clients.address")} value={asked.address} onChange={(address) => change({ address })} />
        {asked.action === "publish" && (
          <Check label={t("access.retained")} on={asked.retain ?? false} onChange={(retain) => change({ retain })} />
        )}
        <div className="r end">
          <Button kind="primary" type="submit" isDisabled={asked.topic === ""}>
            {t("access.ask")}
          </Button>
        </div>
        <div aria-live="polite">
          {error && (
            <p className="note p1">
              <Glyph condition="p1" />
              <span>{error}</span>
            </p>
          )}
          {answer && <Verdict answer={answer} />}
        </div>
      </form>
    </Panel>
  );
}

function Verdict({ answer: a }: { answer: AccessAnswer }) {
  const { t } = useText();
  return (
    <p className={a.allowed ? "note" : "note p3"}>
      <Glyph condition={a.allowed ? "ok" : "p3"} />
      <span>
        <b className="med">{t(a.allowed ? "access.allowed" : "access.denied")}</b>
        {a.rule ? ` ${t("access.byRule", { rule: a.rule, line: a.decided?.line ?? 0 })}` : ""} <span className="mut2" lang="en">{a.why}</span>
      </span>
    </p>
  );
}
