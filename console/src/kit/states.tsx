// The states every data view has, each at the size and place of its data.
import { Copy } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { Problem } from "../api/client";
import { useText } from "../i18n/text";
import { Button } from "./Button";
import { copyText } from "./copy";
import { CopyLine } from "./CopyLine";
import { Glyph } from "./Glyph";

interface EmptyProps {
  title: string;
  children?: ReactNode;
  /** The first step, to copy and paste. */
  command?: string;
  action?: ReactNode;
}

export function Empty({ title, children, command, action }: EmptyProps) {
  return (
    <div className="em">
      <svg className="mill" viewBox="0 0 132 48" fill="none" stroke="var(--accent-line)" aria-hidden="true">
        <path d="M0 4h44M0 9h44M0 14h44" strokeWidth="1.5" />
        <path d="M44 4q14 0 19 14t19 16h50M44 9q12 0 16 12t17 17h55M44 14q10 0 13 11t16 17h59" strokeDasharray="3 4" />
      </svg>
      <h2>{title}</h2>
      {children && <p>{children}</p>}
      {command && <CopyLine text={command} />}
      {action}
    </div>
  );
}

export function NoMatch({ title, children, action }: Omit<EmptyProps, "command">) {
  return (
    <div className="em">
      <h2>{title}</h2>
      {children && <p>{children}</p>}
      {action}
    </div>
  );
}

/** Bars of the widths that rows will have, after 300 ms, without shimmer. */
export function Skeleton({ rows = 7 }: { rows?: number }) {
  const { t } = useText();
  const late = useLate(300);
  const widths = [62, 48, 74, 55, 66, 40, 58];
  return (
    <div className="skel" role="status" aria-label={t("state.loading")}>
      {late &&
        Array.from({ length: rows }, (_, i) => (
          <div key={i}>
            <i style={{ width: `${widths[i % widths.length]}%` }} />
            <i style={{ width: 40 }} />
            <i style={{ width: 32 }} />
          </div>
        ))}
    </div>
  );
}

function useLate(ms: number): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), ms);
    return () => clearTimeout(timer);
  }, [ms]);
  return late;
}

/** A bar above values that have stopped: when they stopped and how to go on. */
export function StaleBar({ since, retry }: { since: number; retry?: () => void }) {
  const { t, clock } = useText();
  return (
    <div className="bar3" role="status">
      <Glyph condition="off" />
      <span className="el">
        <b className="med">{t("state.stale", { time: clock(since) })}</b> {t("state.stale.next")}
      </span>
      {retry && (
        <Button small kind="ghost" onPress={retry}>
          {t("state.retry")}
        </Button>
      )}
    </div>
  );
}

/** What failed, the code to quote, and what to do. */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const { t, fault } = useText();
  const p = error instanceof Problem ? error : new Problem(-1, "", String(error), "", "");
  const details = [p.code, p.title, p.request].filter(Boolean).join("\n");
  return (
    <div className="em l" role="alert">
      <h2 className="st">
        <Glyph condition="p1" />
        {p.unreachable ? t("state.unreachable") : fault(p.reason, p.title) || t("state.failed")}
      </h2>
      <p lang={p.unreachable ? undefined : "en"}>{p.unreachable ? t("state.unreachable.what") : p.detail}</p>
      <div className="r">
        {retry && (
          <Button small kind="primary" onPress={retry}>
            {t("state.retry")}
          </Button>
        )}
        {details && (
          <Button small kind="ghost" icon={Copy} onPress={() => void copyText(details, t("action.copied"))}>
            {t("state.copyDetails")}
          </Button>
        )}
      </div>
      {details && <pre className="json">{details}</pre>}
    </div>
  );
}
