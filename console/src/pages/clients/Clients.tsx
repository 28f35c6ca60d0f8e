import { useQuery } from "@tanstack/react-query";
import { Search } from "lucide-react";
import { useCallback, useMemo, useRef, useState } from "react";
import { allClients, type Client, type Listener, mostKicked, whole } from "../../api/broker";
import { useMay } from "../../api/may";
import { useStatus } from "../../api/queries";
import { usePaged } from "../../api/usePaged";
import { useText } from "../../i18n/text";
import { Button } from "../../kit/Button";
import { copyText } from "../../kit/copy";
import { errorText } from "../../kit/errorText";
import { Field } from "../../kit/Field";
import { type Filter, FilterBar } from "../../kit/FilterBar";
import { ListFrame, matchText, sortOf } from "../../kit/ListFrame";
import { Empty } from "../../kit/states";
import { toast } from "../../kit/toast";
import { address, go, setQuery, usePlace } from "../../router";
import { ClientSide } from "./ClientSide";
import { clientColumns } from "./columns";
import { KickDialog } from "./KickDialog";

const names = ["search", "state", "listener", "protocol", "user", "reason"];
const idOf = (c: Client) => c.id;
// Reasons a client's last error has most often.
const reasons = ["queue_full", "slow_reader", "forbidden", "receive_maximum_exceeded", "packet_too_large", "keep_alive_timeout"];

export default function Clients() {
  const text = useText();
  const { t, count } = text;
  const { query } = usePlace();
  const may = useMay("operator");
  const status = useStatus().data;
  const now = Date.now() + (status?.offset ?? 0);
  const selected = query.get("client");
  const sort = sortOf(query, { by: "id", down: false });
  const asked = {
    ...Object.fromEntries(names.map((name) => [name, query.get(name) ?? undefined])),
    sort: sort.by,
    order: sort.down ? "desc" : "asc",
  };
  const list = usePaged<Client>("/clients", asked, idOf);
  const latest = useRef("");
  latest.current = JSON.stringify(asked);
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const [kicking, setKicking] = useState<readonly string[] | null>(null);

  const pick = useCallback((id: string, on: boolean) => {
    setPicked((before) => {
      const next = new Set(before);
      if (on) next.add(id);
      else next.delete(id);
      return next;
    });
  }, []);
  const second = Math.floor(now / 5_000);
  const columns = useMemo(
    () => clientColumns(text, { beside: selected !== null, now, picked, onPick: may ? pick : undefined }),
    // Ages are as old as five seconds.
    [text, selected !== null, second, picked, pick, may],
  );
  const onKey = (key: string, row: Client) => {
    if (key === "y") void copyText(row.id, t("action.copied"));
    if (key === " " && may) pick(row.id, !picked.has(row.id));
    if (key === "Escape") setQuery({ client: null });
  };
  const pickAll = async () => {
    const of = latest.current;
    try {
      const ids = await allClients(asked);
      if (of === latest.current) setPicked(new Set(ids)); // else the filter is another one by now
    } catch (problem) {
      toast(errorText(problem, text), true);
    }
  };
  const done = () => {
    setPicked(new Set());
    setQuery({ client: null });
    list.resort();
  };

  return (
    <>
      <div className="pgh">
        <h1>{t("nav.clients")}</h1>
        {status && <span className="mut t12 hid">{t("clients.connected", { count: count(status.broker.connections) })}</span>}
      </div>
      <FilterBar filters={useFilters()} aside={matchText(list, text)}>
        <Field
          quiet
          icon={Search}
          label={t("clients.search")}
          placeholder={t("clients.search")}
          value={query.get("search") ?? ""}
          onChange={(value) => setQuery({ search: value || null })}
        />
      </FilterBar>
      {picked.size > 0 && (
        <div className="bar3">
          <span className="el">{t("clients.picked", { n: picked.size, count: count(picked.size) })}</span>
          {picked.size < Math.min(list.count, mostKicked) && (
            <Button small kind="ghost" onPress={() => void pickAll()}>
              {t("clients.pickAll", { count: count(Math.min(list.count, mostKicked)) })}
            </Button>
          )}
          <Button small kind="ghost" onPress={() => setPicked(new Set())}>
            {t("clients.unpick")}
          </Button>
          <Button small kind="danger" onPress={() => setKicking([...picked])}>
            {t("kick.openMany", { n: picked.size, count: count(picked.size) })}
          </Button>
        </div>
      )}
      <ListFrame
        label={t("nav.clients")}
        list={list}
        keyOf={idOf}
        columns={columns}
        selected={selected}
        onSelect={(c) => setQuery({ client: c.id })}
        onOpen={(c) => go(address("/client", { id: c.id }))}
        onKey={onKey}
        sort={sort}
        filters={names.filter((name) => query.get(name))}
        empty={
          <Empty title={t("clients.empty")} command={`mosquitto_sub -h ${location.hostname} -i my-first-client -t '#' -v`}>
            {t("clients.empty.what")}
          </Empty>
        }
        foot={
          <>
            <span>
              <kbd>J</kbd> <kbd>K</kbd> {t("search.move")}
            </span>
            <span>
              <kbd>Enter</kbd> {t("search.open")}
            </span>
            {may && (
              <span>
                <kbd>Space</kbd> {t("clients.pickKey")}
              </span>
            )}
          </>
        }
        side={
          selected && (
            <ClientSide
              key={selected}
              id={selected}
              now={now}
              onChanged={done}
              onClose={() => setQuery({ client: null })}
            />
          )
        }
      />
      {kicking && <KickDialog ids={kicking} onDone={done} onClose={() => setKicking(null)} />}
    </>
  );
}

function useFilters(): Filter[] {
  const { t, fault } = useText();
  const listeners = useQuery(whole<Listener>("/listeners", 30_000)).data?.items ?? [];
  return [
    {
      id: "state",
      label: t("clients.state"),
      options: [
        { id: "connected", text: t("clients.state.connected") },
        { id: "disconnected", text: t("clients.state.disconnected") },
      ],
    },
    { id: "listener", label: t("clients.listener"), options: listeners.map(({ name }) => ({ id: name, text: name })) },
    {
      id: "protocol",
      label: t("clients.protocol"),
      options: ["5.0", "3.1.1", "3.1"].map((id) => ({ id, text: `MQTT ${id}` })),
    },
    { id: "user", label: t("clients.user") },
    {
      id: "reason",
      label: t("clients.lastError"),
      options: [{ id: "any", text: t("clients.anyError") }, ...reasons.map((id) => ({ id, text: fault(id, id) }))],
    },
  ];
}
