import { useRef } from "react";
import { Tab, TabList, TabPanel, Tabs } from "react-aria-components";
import { changedPaths, type JsonLine, jsonLines } from "../data/json";
import { bytesOf, hexLines } from "../data/value";
import { useText } from "../i18n/text";
import { JsonView } from "./JsonView";

export interface Payload {
  payload: string;
  encoding: "text" | "base64";
  /** Bytes of the whole payload. */
  size: number;
  truncated: boolean;
  /** Tells one message from the next. */
  time: string;
}

/** The payload as structure, as text and as bytes. */
export function PayloadTabs({ message }: { message: Payload }) {
  const { t, bytes } = useText();
  const { lines, changed } = useLines(message);
  const raw = bytesOf(message.payload, message.encoding);
  const form = message.encoding === "base64" ? t("payload.binary") : lines === undefined ? t("payload.text") : "JSON";
  return (
    <section className="flush">
      <Tabs>
        <div className="tabs">
          <TabList aria-label={t("payload.title")}>
            <Tab id="payload">{t("payload.title")}</Tab>
            <Tab id="raw">{t("payload.raw")}</Tab>
            <Tab id="hex">{t("payload.hex")}</Tab>
          </TabList>
          <span className="sp" />
          <span className="t11 mut">
            {bytes(message.size)}, {form}
          </span>
        </div>
        <TabPanel id="payload">
          {lines === undefined ? <Plain text={message.payload} /> : <JsonView lines={lines} changed={changed} />}
        </TabPanel>
        <TabPanel id="raw">
          <Plain text={message.payload} />
        </TabPanel>
        <TabPanel id="hex">
          <pre className="json hex" data-testid="payload-hex">
            {hexLines(raw)
              .map((line) => `${line.offset}  ${line.hex.padEnd(48)} ${line.text}`)
              .join("\n")}
          </pre>
        </TabPanel>
      </Tabs>
      {message.truncated && <p className="t11 mut cut">{t("payload.cut")}</p>}
    </section>
  );
}

function Plain({ text }: { text: string }) {
  const { t } = useText();
  return <pre className="json raw">{text || <span className="p">{t("payload.empty")}</span>}</pre>;
}

interface Lines {
  stamp: string;
  /** Undefined for what is no JSON. */
  lines: JsonLine[] | undefined;
  changed: ReadonlySet<string>;
}

// Lines of this message, and the paths that changed since the one before.
function useLines({ payload, encoding, time: stamp }: Payload): Lines {
  const last = useRef<Lines>({ stamp: "", lines: undefined, changed: new Set() });
  if (last.current.stamp !== stamp) {
    const lines = encoding === "text" ? jsonLines(payload) : undefined;
    const before = last.current.lines;
    last.current = { stamp, lines, changed: before && lines ? changedPaths(before, lines) : new Set() };
  }
  return last.current;
}
