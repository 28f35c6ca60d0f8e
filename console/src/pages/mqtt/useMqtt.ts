import { useEffect, useRef, useState } from "react";
import { useText } from "../../i18n/text";
import { explain, ofCode } from "./explain";
import { type Entry, Log } from "./log";
import { type Connect, connect, type Publish, type QoS, type Session } from "./session";

export type Phase = "off" | "connecting" | "on";

export interface Mqtt {
  phase: Phase;
  error: string;
  filters: readonly { filter: string; qos: number }[];
  entries: readonly Entry[];
  log: Log;
  connect: (c: Connect) => Promise<void>;
  disconnect: () => void;
  subscribe: (filter: string, qos: QoS, noLocal: boolean) => Promise<void>;
  unsubscribe: (filter: string) => Promise<void>;
  publish: (p: Publish) => Promise<void>;
  clear: () => void;
}

const paint = 250;

/** The page's connection; it ends with the page. */
export function useMqtt(): Mqtt {
  const text = useText();
  const { t } = text;
  const session = useRef<Session | null>(null);
  const [log] = useState(() => new Log());
  const [entries, setEntries] = useState<readonly Entry[]>([]);
  const [phase, setPhase] = useState<Phase>("off");
  const [error, setError] = useState("");
  const [filters, setFilters] = useState<Mqtt["filters"]>([]);

  // Which connection is the present one: what others still say does not count.
  const turn = useRef(0);

  const leave = () => {
    turn.current++;
    session.current?.end();
    session.current = null;
  };
  useEffect(() => {
    const timer = setInterval(() => log.flush() && setEntries(log.entries), paint);
    return () => {
      clearInterval(timer);
      leave();
    };
  }, [log]);

  const ended = (code: number) => {
    turn.current++;
    session.current = null;
    setFilters([]);
    setPhase("off");
    setError(ofCode(code, t) ?? t("ws.error.closed"));
  };
  const guard = async (act: () => Promise<void>) => {
    setError("");
    try {
      await act();
    } catch (problem) {
      setError(explain(problem, text));
    }
  };
  return {
    phase,
    error,
    filters,
    entries,
    log,
    connect: (c) =>
      guard(async () => {
        setPhase("connecting");
        const mine = ++turn.current;
        try {
          const made = await connect(c, { message: (entry) => log.add(entry), ended: (code) => mine === turn.current && ended(code) });
          if (mine !== turn.current) return made.end();
          session.current = made;
          setPhase("on");
        } catch (problem) {
          if (mine !== turn.current) return;
          setPhase("off");
          throw problem;
        }
      }),
    disconnect: () => {
      setPhase("off");
      setFilters([]);
      leave();
    },
    subscribe: (filter, qos, noLocal) =>
      guard(async () => {
        const granted = (await session.current?.subscribe(filter, qos, noLocal)) ?? qos;
        if (granted >= 128) throw new Error(t("ws.error.subscribe", { filter }));
        setFilters((before) => [...before.filter((one) => one.filter !== filter), { filter, qos: granted }]);
      }),
    unsubscribe: (filter) =>
      guard(async () => {
        await session.current?.unsubscribe(filter);
        setFilters((before) => before.filter((one) => one.filter !== filter));
      }),
    publish: (p) =>
      guard(async () => {
        await session.current?.publish(p);
        const payload = new TextEncoder().encode(p.payload);
        const entry = { at: Date.now(), way: "out" as const, topic: p.topic, payload, qos: p.qos, retain: p.retain };
        log.add({ ...entry, properties: p.userProperties });
      }),
    clear: () => {
      log.clear();
      setEntries([]);
    },
  };
}
