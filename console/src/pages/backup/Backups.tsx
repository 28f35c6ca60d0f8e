import { useQuery } from "@tanstack/react-query";
import { Archive } from "lucide-react";
import { useState } from "react";
import { useDated } from "../../api/fresh";
import { useStatus } from "../../api/queries";
import { type Backup, backupSettings, type BackupState, backupState } from "../../api/streams";
import type { Text } from "../../i18n/text";
import { useText } from "../../i18n/text";
import { Button } from "../../kit/Button";
import { CopyLine } from "../../kit/CopyLine";
import { Facts } from "../../kit/Facts";
import { Gauge } from "../../kit/Gauge";
import { Glyph } from "../../kit/Glyph";
import { Panel } from "../../kit/Panel";
import { Failure, Skeleton, StaleBar } from "../../kit/states";
import { quoted, scheduleText } from "./schedule";
import { StartDialog } from "./StartDialog";

/** How back-ups are going, when the next is due, and the way to begin one. */
export default function Backups() {
  const { t } = useText();
  const asked = useQuery(backupState);
  const { data: s, error, refetch } = asked;
  const { fresh, since } = useDated(asked);
  const [starting, setStarting] = useState(false);
  const [begun, setBegun] = useState<Begun | null>(null);
  return (
    <>
      <div className="pgh">
        <h1>{t("nav.backup")}</h1>
        <span className="mut t12 el hid">{t("backup.lead")}</span>
        <span className="sp" />
        {s?.folder && (
          <Button small icon={Archive} isDisabled={s.running || !fresh} onPress={() => setStarting(true)}>
            {t("backup.open")}
          </Button>
        )}
      </div>
      {s && !fresh && <StaleBar since={since} retry={() => void refetch()} />}
      {!s ? (
        error ? <Failure error={error} retry={() => void refetch()} /> : <Skeleton rows={10} />
      ) : (
        <div className={fresh ? "body bkp" : "body bkp stale"}>
          <State state={s} begun={begun} />
          <div className="cards">
            <LastPanel state={s} />
            <SchedulePanel state={s} />
            <CheckPanel folder={s.into || s.folder || ""} />
          </div>
        </div>
      )}
      {starting && <StartDialog onBegun={(bytes) => setBegun({ bytes, before: s?.last?.name })} onClose={() => setStarting(false)} />}
    </>
  );
}

/** One that was begun here. */
interface Begun {
  /** What it will write. */
  bytes: number | undefined;
  /** The last one before it. */
  before: string | undefined;
}

/** What matters now: one runs, the last failed, none can be made from here, or the one begun here is made. */
function State({ state: s, begun }: { state: BackupState; begun: Begun | null }) {
  const { t, bytes, dateTime } = useText();
  if (s.running) {
    return (
      <div className="note" role="status">
        <Glyph condition="run" />
        <span>
          <b className="med">{t("backup.running", { folder: s.into ?? "" })}</b> {t("backup.copied", { bytes: bytes(s.bytes) })}
          {s.doing ? ` ${s.doing}` : ""} {begun?.bytes ? <Gauge share={s.bytes / begun.bytes} label={t("replay.progress")} /> : null}
        </span>
      </div>
    );
  }
  if (s.error) {
    return (
      <div className="note p2" role="status">
        <Glyph condition="p2" />
        <span>
          <b className="med">{t("backup.failed", { time: s.ended ? dateTime(Date.parse(s.ended)) : "" })}</b> <span lang="en">{s.error}</span>
        </span>
      </div>
    );
  }
  if (!s.folder) {
    return (
      <div className="note">
        <Glyph condition="off" />
        <span>
          <b className="med">{t("backup.noFolder")}</b> {t("backup.noFolder.what")}
        </span>
      </div>
    );
  }
  if (!begun || !s.last || s.last.name === begun.before) return null;
  return (
    <div className="note" role="status">
      <Glyph condition="ok" />
      <span>{t("backup.made", { name: s.last.name, bytes: bytes(s.last.written) })}</span>
    </div>
  );
}

function LastPanel({ state: s }: { state: BackupState }) {
  const text = useText();
  const { t, dateTime, duration } = text;
  const now = Date.now() + (useStatus().data?.offset ?? 0);
  const newest = s.succeeded ? `${dateTime(Date.parse(s.succeeded))} (${t("topics.ago", { age: duration((now - Date.parse(s.succeeded)) / 1000) })})` : t("value.nones");
  return (
    <Panel ruled title={t("backup.last")}>
      <div className="pad">
        <Facts
          facts={[
            [t("backup.newest"), newest],
            [t("backup.folder"), s.folder || t("value.none")],
            s.into && s.into !== s.folder ? [t("backup.into"), s.into] : null,
            ...(s.last ? lastFacts(s.last, text) : []),
          ]}
        />
        {!s.last && <p className="t12 mut2">{t("backup.last.none")}</p>}
      </div>
    </Panel>
  );
}

function lastFacts(last: Backup, { t, bytes, count, duration }: Text) {
  return [
    [t("backup.name"), last.name],
    [t("backup.took"), duration(last.seconds)],
    [t("backup.holds"), bytes(last.bytes)],
    [t("backup.new"), t("backup.new.of", { bytes: bytes(last.written), n: last.entries, count: count(last.entries) })],
    last.leftOut?.length ? ([t("backup.leftOut"), last.leftOut.map((file) => <div key={file}>{file}</div>)] as const) : null,
  ] as const;
}

function SchedulePanel({ state: s }: { state: BackupState }) {
  const text = useText();
  const { t, dateTime } = text;
  const { data: settings, error, refetch } = useQuery(backupSettings);
  return (
    <Panel ruled title={t("backup.schedule")}>
      {error ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : !settings ? (
        <Skeleton rows={3} />
      ) : (
        <div className="pad">
          <Facts
            facts={[
              [t("backup.next"), s.next ? dateTime(Date.parse(s.next)) : t("value.nones")],
              [t("backup.when"), scheduleText(settings, text)],
              [t("backup.keep"), keepText(settings, text)],
            ]}
          />
          <p className="t12 mut2">{t("backup.schedule.what")}</p>
        </div>
      )}
    </Panel>
  );
}

function keepText(settings: Record<string, string>, { t }: Text): string {
  const n = Number(settings["keep"] ?? 0);
  const age = settings["keep_for"] ?? "";
  const words = [n > 0 && t("backup.keep.n", { n }), /^0?s?$/.test(age) ? "" : t("backup.keep.for", { age })];
  return words.filter(Boolean).join(", ") || t("streams.forever");
}

/** What only the command line does, since it needs no node. */
function CheckPanel({ folder }: { folder: string }) {
  const { t } = useText();
  const at = quoted(folder || "/mnt/backup/plant-1");
  return (
    <Panel ruled title={t("backup.check")}>
      <div className="pad form">
        <p className="t12 mut2">{t("backup.check.what")}</p>
        <CopyLine text={`millrace backup list ${at}`} />
        <CopyLine text={`millrace backup verify ${at}`} />
        <p className="t12 mut2">{t("backup.restore.what")}</p>
        <CopyLine text={`millrace restore ${at} --data /var/lib/millrace-new`} />
      </div>
    </Panel>
  );
}
