import { useQuery } from "@tanstack/react-query";
import { Eraser, Pencil, RotateCcw, Trash2 } from "lucide-react";
import { useState } from "react";
import { Tab, TabList, TabPanel, Tabs } from "react-aria-components";
import { whole } from "../../api/broker";
import { useDated } from "../../api/fresh";
import { Problem } from "../../api/client";
import { useMay } from "../../api/may";
import { oneStream } from "../../api/streams";
import type { StreamStatus } from "../../api/types";
import { useText } from "../../i18n/text";
import { Button } from "../../kit/Button";
import { Glyph } from "../../kit/Glyph";
import { Link } from "../../kit/Link";
import { Panel } from "../../kit/Panel";
import { Failure, Skeleton, StaleBar } from "../../kit/states";
import { go, setQuery, usePlace } from "../../router";
import { conditionOf, isMade } from "./condition";
import { DeleteDialog } from "./DeleteDialog";
import { GroupsPanel } from "./GroupsPanel";
import { MessagesTab } from "./MessagesTab";
import { PurgeDialog } from "./PurgeDialog";
import { ReadersPanel } from "./ReadersPanel";
import { ReplayDialog } from "./ReplayDialog";
import { ReplaysPanel } from "./ReplaysPanel";
import { StreamDialog } from "./StreamDialog";
import { StreamFacts } from "./StreamFacts";
import { StreamFigures } from "./StreamFigures";
import { Trouble } from "./Trouble";

/** One stream: what it keeps, who reads it, and its messages. */
export default function StreamPage() {
  const { t } = useText();
  const { query } = usePlace();
  const name = query.get("name") ?? "";
  const asked = useQuery(oneStream(name));
  const { data: s, error, refetch } = asked;
  const { fresh, since } = useDated(asked);
  const gone = error instanceof Problem && error.status === 404;
  return (
    <>
      <div className="pgh one">
        <Link className="crumb" to="/streams">
          {t("nav.streams")}
        </Link>
        <span className="mut">/</span>
        <h1 className="el">{name}</h1>
        {s && !gone && <State stream={s} />}
        <span className="sp" />
        {s && !gone && <Actions key={name} stream={s} />}
      </div>
      {s && !gone && !fresh && <StaleBar since={since} retry={() => void refetch()} />}
      {error && (gone || !s) ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : !s ? (
        <Skeleton rows={10} />
      ) : s.builtIn ? (
        <Overview stream={s} stale={!fresh} />
      ) : (
        <Tabs
          className="full"
          selectedKey={query.get("tab") ?? "readers"}
          onSelectionChange={(tab) => setQuery({ tab: tab === "readers" ? null : String(tab) })}
        >
          <TabList className="tabs" aria-label={name}>
            <Tab id="readers">{t("streams.tab.readers")}</Tab>
            <Tab id="messages">{t("streams.tab.messages")}</Tab>
          </TabList>
          <TabPanel id="readers" className="full">
            <Overview stream={s} stale={!fresh} />
          </TabPanel>
          <TabPanel id="messages" className="full">
            <MessagesTab key={name} stream={s} />
          </TabPanel>
        </Tabs>
      )}
    </>
  );
}

function State({ stream: s }: { stream: StreamStatus }) {
  const { t } = useText();
  const condition = conditionOf(s);
  return (
    <span className={condition.startsWith("p") ? `tag ${condition}` : "tag"}>
      <Glyph condition={condition} />
      {t(`streams.state.${condition as "p1" | "p2" | "run" | "wait"}`)}
    </span>
  );
}

function Actions({ stream: s }: { stream: StreamStatus }) {
  const { t } = useText();
  const operator = useMay("operator");
  const administrator = useMay("administrator");
  const others = useQuery({ ...whole<StreamStatus>("/streams"), enabled: administrator }).data?.items ?? [];
  const [dialog, setDialog] = useState<"replay" | "change" | "purge" | "delete" | null>(null);
  const close = () => setDialog(null);
  if (s.builtIn) return null;
  return (
    <>
      {operator && (
        <Button small icon={RotateCcw} onPress={() => setDialog("replay")}>
          {t("replay.open")}
        </Button>
      )}
      {administrator && isMade(s) && (
        <Button small icon={Pencil} onPress={() => setDialog("change")}>
          {t("streams.change.open")}
        </Button>
      )}
      {administrator && (
        <Button small kind="danger" icon={Eraser} onPress={() => setDialog("purge")}>
          {t("purge.open")}
        </Button>
      )}
      {administrator && isMade(s) && (
        <Button small kind="danger" icon={Trash2} onPress={() => setDialog("delete")}>
          {t("streams.delete.open")}
        </Button>
      )}
      {dialog === "replay" && <ReplayDialog stream={s.name} onClose={close} />}
      {dialog === "change" && <StreamDialog stream={s} others={others} onClose={close} />}
      {dialog === "purge" && <PurgeDialog stream={s.name} onClose={close} />}
      {dialog === "delete" && <DeleteDialog stream={s} onDone={() => go("/streams")} onClose={close} />}
    </>
  );
}

function Overview({ stream: s, stale }: { stream: StreamStatus; stale: boolean }) {
  const { t } = useText();
  return (
    <div className={stale ? "body cl stale" : "body cl"}>
      <div className="clw">
        <Trouble stream={s} />
        <StreamFigures stream={s} />
        <ReadersPanel stream={s} />
        {!s.builtIn && <GroupsPanel stream={s.name} />}
        {!s.builtIn && <ReplaysPanel stream={s.name} />}
      </div>
      <Panel title={t("streams.facts")} className="clf">
        <div className="pad">
          <StreamFacts stream={s} />
        </div>
      </Panel>
    </div>
  );
}
