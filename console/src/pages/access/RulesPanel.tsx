import type { AccessOverview, AccessRule } from "../../api/broker";
import { useText } from "../../i18n/text";
import { Panel } from "../../kit/Panel";
import { Table } from "../../kit/Table";
import { actionOf, whoOf } from "./rule";

/** The rules in their order: the first that fits decides. */
export function RulesPanel({ access: a }: { access: AccessOverview }) {
  const text = useText();
  const { t, count } = text;
  return (
    <Panel
      ruled
      title={t("access.rules")}
      tag={<span className="tag">{count(a.rules.length)}</span>}
      aside={<span className="t12 mut el hid pr" title={a.rulesFile}>{a.rulesFile}</span>}
    >
      {!a.configured ? (
        <p className="pad t12 mut2">{t("access.rules.none")}</p>
      ) : (
        <>
          <Table<AccessRule & { at: number }>
            label={t("access.rules")}
            none={t("access.rules.empty")}
            rows={a.rules.map((rule, i) => ({ ...rule, at: i + 1 }))}
            keyOf={(r) => String(r.at)}
            columns={[
              { id: "at", header: t("access.order"), cell: (r) => <span className="mut">{r.at}</span> },
              {
                id: "verdict",
                header: t("access.rule"),
                cell: (r) => (
                  <>
                    <b className="med">{t(r.deny ? "access.deny" : "access.allow")}</b> {t(`access.action.${actionOf(r)}`)}
                  </>
                ),
              },
              { id: "topics", header: t("access.topics"), cell: (r) => r.topics?.length ? <Lines of={r.topics} /> : <span className="mut">{t("access.allTopics")}</span> },
              {
                id: "who",
                header: t("access.who"),
                cell: (r) => {
                  const who = whoOf(r, text);
                  return who.length > 0 ? <span className="mut2"><Lines of={who} /></span> : <span className="mut">{t("access.everybody")}</span>;
                },
              },
              { id: "line", header: t("access.line"), end: true, cell: (r) => <span className="mut">{count(r.line)}</span> },
            ]}
          />
          <p className="pad t12 mut2">{t(a.default === "allow" ? "access.default.allow" : "access.default.deny")}</p>
        </>
      )}
    </Panel>
  );
}

function Lines({ of }: { of: readonly string[] }) {
  return of.map((one) => <span key={one} className="ln1">{one}</span>);
}
