import { useState } from "react";
import type { JsonLine } from "../data/json";
import { useText } from "../i18n/text";
import { copyText } from "./copy";

const classes = { key: "k", string: "s", number: "n", word: "b", mark: "p" };

/** JSON with line numbers and folding; a click on a number copies the line's path. */
export function JsonView({ lines, changed }: { lines: readonly JsonLine[]; changed: ReadonlySet<string> }) {
  const { t } = useText();
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const shown: number[] = [];
  for (let i = 0; i < lines.length; i++) {
    shown.push(i);
    const line = lines[i];
    if (line?.end && folded.has(line.path)) i = line.end;
  }
  const toggle = (path: string) =>
    setFolded((before) => {
      const next = new Set(before);
      if (!next.delete(path)) next.add(path);
      return next;
    });

  return (
    <div className="json lines">
      <ol>
        {shown.map((i) => {
          const line = lines[i];
          if (!line) return null;
          const shut = line.end !== undefined && folded.has(line.path);
          const tinted = changed.has(line.path) && line.end === undefined;
          return (
            <li key={i} className={tinted ? "chg" : undefined}>
              <button
                type="button"
                className="ln"
                title={t("payload.copyPath", { path: line.path })}
                onClick={() => void copyText(line.path, t("action.copied"))}
              >
                {i + 1}
              </button>
              {"  ".repeat(line.depth)}
              {line.pieces.map((piece, at) => (
                <span key={at} className={classes[piece.kind]}>
                  {piece.text}
                </span>
              ))}
              {line.end !== undefined && line.depth > 0 && (
                <button type="button" className="fold" aria-expanded={!shut} onClick={() => toggle(line.path)}>
                  {shut ? "…}" : "−"}
                </button>
              )}
            </li>
          );
        })}
      </ol>
    </div>
  );
}
