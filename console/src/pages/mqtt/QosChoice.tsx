import { Segmented } from "../../kit/Segmented";
import type { QoS } from "./session";

const levels = ["0", "1", "2"] as const;

export function QosChoice({ label, value, onChange }: { label: string; value: QoS; onChange: (qos: QoS) => void }) {
  return (
    <Segmented
      label={label}
      value={levels[value]}
      options={levels.map((id) => ({ id, text: `QoS ${id}` }))}
      onChange={(id) => onChange(Number(id) as QoS)}
    />
  );
}
