import type { Client } from "../../api/broker";
import type { Text } from "../../i18n/text";
import { Check } from "../../kit/Check";
import type { Column } from "../../kit/columns";
import { Glyph } from "../../kit/Glyph";
import { conditionOf } from "./condition";

interface Shape {
  /** Beside a panel what the panel says is left out. */
  beside: boolean;
  now: number;
  picked: ReadonlySet<string>;
  /** Undefined for those who may not kick. */
  onPick?: (id: string, on: boolean) => void;
}

/** The columns of the list of clients. */
export function clientColumns({ t, count, rate, age, fault }: Text, shape: Shape): Column<Client>[] {
  const { beside, now, picked, onPick } = shape;
  const number = (v: number) => <span className={v === 0 ? "z" : undefined}>{count(v)}</span>;
  const perSecond = (v: number) => <span className={v < 0.05 ? "z" : undefined}>{rate(v)}</span>;
  const columns: (Column<Client> | false)[] = [
    {
      id: "id",
      header: t("clients.id"),
      sort: "id",
      width: "minmax(170px, 1.4fr)",
      cell: (c) => (
        <span className="st nm" title={c.id}>
          {onPick && (
            <span className="hid" onClick={(event) => event.stopPropagation()}>
              <Check
                quiet
                label={t("clients.pick", { name: c.id })}
                on={picked.has(c.id)}
                onChange={(on) => onPick(c.id, on)}
              />
            </span>
          )}
          <Glyph condition={conditionOf(c, now)} />
          <span className="el">{c.id}</span>
        </span>
      ),
    },
    !beside && {
      id: "user",
      header: t("clients.user"),
      sort: "user",
      width: "minmax(70px, 0.6fr)",
      wide: true,
      className: "mut2",
      cell: (c) => c.user || <span className="mut">{t("value.none")}</span>,
    },
    !beside && {
      id: "address",
      header: t("clients.address"),
      sort: "address",
      width: "minmax(96px, 0.9fr)",
      wide: true,
      className: "mut2",
      cell: (c) => c.address,
    },
    !beside && {
      id: "listener",
      header: t("clients.via"),
      width: "minmax(96px, 0.7fr)",
      wide: true,
      className: "mut2",
      cell: (c) => `${c.listener}, ${c.protocol}`,
    },
    {
      id: "in",
      header: t("clients.in"),
      sort: "inRate",
      width: "62px",
      end: true,
      wide: true,
      cell: (c) => perSecond(c.inRate),
    },
    {
      id: "out",
      header: t("clients.out"),
      sort: "outRate",
      width: "62px",
      end: true,
      wide: true,
      cell: (c) => perSecond(c.outRate),
    },
    {
      id: "inflight",
      header: t("clients.inflight"),
      sort: "inflight",
      width: "68px",
      end: true,
      wide: true,
      cell: (c) => number(c.inflight),
    },
    { id: "queued", header: t("clients.backlog"), sort: "queued", width: "78px", end: true, cell: (c) => number(c.queued) },
    {
      id: "dropped",
      header: t("clients.drops"),
      sort: "dropped",
      width: "72px",
      end: true,
      cell: (c) => number(c.dropped),
    },
    {
      id: "error",
      header: t("clients.lastError"),
      sort: "lastError",
      width: "minmax(90px, 0.8fr)",
      wide: true,
      className: "mut2",
      cell: (c) =>
        c.lastError ? (
          <span title={`${c.lastError.text} ${c.lastError.code}`}>
            {fault(c.lastError.reason, c.lastError.reason)}, {age(Date.parse(c.lastError.at), now)}
          </span>
        ) : (
          <span className="mut">{t("value.none")}</span>
        ),
    },
    !beside && {
      id: "since",
      header: t("clients.since"),
      sort: "connectedAt",
      width: "74px",
      end: true,
      wide: true,
      className: "mut2",
      cell: (c) => {
        const at = c.connected ? c.connectedAt : c.disconnectedAt;
        return at ? age(Date.parse(at), now) : t("value.none");
      },
    },
  ];
  return columns.filter((column) => column !== false);
}
