import type { AccessOverview, AccessUser } from "../../api/broker";
import type { Text } from "../../i18n/text";
import { useText } from "../../i18n/text";
import { Glyph } from "../../kit/Glyph";
import { Link } from "../../kit/Link";
import { Panel } from "../../kit/Panel";
import { Table } from "../../kit/Table";
import { address } from "../../router";

/** The users of the file; a name leads to the clients that came in by it. */
export function UsersPanel({ access: a }: { access: AccessOverview }) {
  const text = useText();
  const { t, count } = text;
  const none = <span className="mut">{t("value.nones")}</span>;
  return (
    <Panel
      ruled
      title={t("access.usersTitle")}
      tag={<span className="tag">{count(a.users.length)}</span>}
      aside={<span className="t12 mut el hid pr" title={a.usersFile}>{a.usersFile}</span>}
    >
      <Table
        label={t("access.usersTitle")}
        none={t("access.users.none")}
        rows={a.users}
        keyOf={(u) => u.name}
        columns={[
          {
            id: "name",
            header: t("clients.user"),
            cell: (u) => (
              <span className="st">
                <Glyph condition={u.disabled ? "off" : "run"} />
                <Link className="lnk" to={address("/clients", { user: u.name })}>
                  {u.name}
                </Link>
              </span>
            ),
          },
          { id: "how", header: t("access.proof"), cell: (u) => <span className="mut2">{proofOf(u, text)}</span> },
          { id: "groups", header: t("access.groupsTitle"), cell: (u) => u.groups.join(", ") || none },
          { id: "state", header: t("clients.state"), cell: (u) => stateOf(u, text) || <span className="mut">{t("access.active")}</span> },
        ]}
      />
      <p className="pad t11 mut">{t("access.users.what")}</p>
    </Panel>
  );
}

const proofOf = (u: AccessUser, { t }: Text) =>
  [u.password && t("access.password"), ...u.methods].filter(Boolean).join(", ") || t("access.certificate");

const stateOf = (u: AccessUser, { t }: Text) =>
  [u.superuser && t("access.superuser"), u.disabled && t("access.disabled")].filter(Boolean).join(", ");
