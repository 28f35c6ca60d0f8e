import { useLayoutEffect, useRef, useState } from "react";
import type { Status } from "../../api/types";
import { useText } from "../../i18n/text";
import { largest, layRace, type Ribbon, type Stream } from "./race";
import { useSources } from "./useSources";

const most = 5;

/** The race, drawn from what flows at this moment. */
export function RaceView({ status }: { status: Status }) {
  const text = useText();
  const { t, rate, fixed } = text;
  const host = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ w: 0, h: 0 });
  const nodes = useSources();

  useLayoutEffect(() => {
    const element = host.current;
    if (!element) return;
    const watcher = new ResizeObserver(() => setSize({ w: element.clientWidth, h: element.clientHeight }));
    watcher.observe(element);
    return () => watcher.disconnect();
  }, []);

  const groups = nodes.map((node): Stream => ({ name: node.name, rate: node.rate, text: rate(node.rate) }));
  const sources = largest(groups, most, (n) => t("overview.race.rest", { n }), rate);
  const sinks = useSinks(status);
  const out = sinks.reduce((sum, sink) => sum + sink.rate, 0);
  const into = status.broker.receivedRate;
  const factor = into > 0 ? `×${fixed(out / into, 2)}` : "×0";
  const race = layRace(sources, sinks, size.w, size.h);
  const reasons = status.dropped.filter((one) => one.rate >= 0.05).sort((a, b) => b.rate - a.rate);
  const label = t("overview.race", { in: rate(into), sources: nodes.length, out: rate(out), factor });

  return (
    <div ref={host} className="flow" role="img" aria-label={label}>
      {size.w > 0 && (
        <svg width={size.w} height={size.h}>
          {race.sources.map((ribbon) => (
            <Water key={ribbon.stream.name} ribbon={ribbon} gate={193} name={12} value={187} />
          ))}
          <path d={race.wheel} fill="var(--water-3)" />
          {race.gates.map((gate) => (
            <rect key={gate.x} x={gate.x} y={gate.y} width="2" height={gate.height} fill="var(--accent)" />
          ))}
          <text className="f" x={race.factor.x} y={race.factor.y} textAnchor="middle">
            {factor}
          </text>
          {race.sinks.map((ribbon) => (
            <Water
              key={ribbon.stream.name}
              ribbon={ribbon}
              gate={size.w - 196}
              name={size.w - 186}
              value={size.w - 12}
            />
          ))}
          {reasons.length > 0 && (
            <>
              <path d={race.spill.line} fill="none" stroke="var(--p3)" strokeWidth="2" />
              <text className="sp" x={race.spill.x} y={race.spill.y}>
                {t("overview.race.spill", {
                  rate: rate(status.broker.droppedRate),
                  reasons: reasons
                    .slice(0, 2)
                    .map((one) => inSentence(text.fault(one.reason, one.title), text.language))
                    .join(", "),
                })}
              </text>
            </>
          )}
        </svg>
      )}
    </div>
  );
}

// English writes a title's words small inside a sentence; German keeps its nouns.
const inSentence = (words: string, language: string) => (language === "en" ? words.toLowerCase() : words);

interface WaterProps {
  ribbon: Ribbon;
  gate: number;
  name: number;
  value: number;
}

function Water({ ribbon, gate, name, value }: WaterProps) {
  const middle = ribbon.y + ribbon.height / 2 + 4;
  return (
    <g>
      <path d={ribbon.area} fill="var(--water-2)" />
      <path d={ribbon.line} fill="none" stroke="var(--accent)" opacity=".55" />
      <rect x={gate} y={ribbon.y} width="3" height={ribbon.height} fill="var(--accent)" />
      <text x={name} y={middle}>
        {ribbon.stream.name.length > 20 ? `${ribbon.stream.name.slice(0, 19)}…` : ribbon.stream.name}
      </text>
      <text className="v" x={value} y={middle} textAnchor="end">
        {ribbon.stream.text}
      </text>
    </g>
  );
}

// Who takes messages: subscribers, and each stream of the log. The historian reads
// the log, so its width is that of the messages and its text that of the points.
function useSinks({ broker, streams, historian }: Status): Stream[] {
  const { t, rate } = useText();
  const sinks: Stream[] = [
    { name: t("overview.race.subscribers"), rate: broker.sentRate, text: rate(broker.sentRate) },
    ...streams.map((one) => ({
      name: t("overview.race.stream", { name: one.name }),
      rate: one.appendedRate,
      text: rate(one.appendedRate),
    })),
  ];
  if (streams.length > 0) {
    const read = streams.reduce((sum, one) => sum + one.appendedRate, 0);
    sinks.push({ name: t("overview.race.historian"), rate: read, text: `${rate(historian.pointsRate)} pts` });
  }
  return sinks;
}
