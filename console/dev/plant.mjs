// An invented button-cell plant for the mock server: values are functions of time,
// so that history and live agree and nothing need be stored.
const root = "nordzelle/dresden/cells";
const machines = [
  ["mixing", ["temperature", "viscosity", "torque", "speed"], 1],
  ["coating", ["temperature", "web_speed", "thickness", "pump_pressure"], 2],
  ["calender", ["force_left", "force_right", "gap", "roll_temperature"], 2],
  ["slitting", ["speed", "blade_wear", "tension"], 1],
  ["assembly-press-1", ["force", "stroke", "temperature", "cycle_time"], 4],
  ["assembly-press-2", ["force", "stroke", "temperature", "cycle_time"], 4],
  ["filling", ["dose", "pressure", "dew_point"], 2],
  ["crimping", ["force", "height", "temperature"], 2],
  ["inspection", ["score", "rejects_per_min"], 1],
];
const bases = {
  temperature: [61, 1.2, 0.2],
  viscosity: [4180, 90, 14],
  torque: [38, 2, 0.6],
  speed: [1248, 14, 4],
  web_speed: [24, 0.3, 0.05],
  thickness: [82.4, 0.5, 0.08],
  pump_pressure: [5.4, 0.25, 0.03],
  force_left: [118, 2.5, 0.5],
  force_right: [117, 2.6, 0.5],
  gap: [0.082, 0.002, 0.0003],
  roll_temperature: [84, 1.4, 0.2],
  blade_wear: [32, 6, 0.1],
  tension: [46, 1.5, 0.4],
  force: [12.4, 0.4, 0.09],
  stroke: [8.21, 0.03, 0.004],
  cycle_time: [0.92, 0.04, 0.01],
  dose: [2.31, 0.04, 0.01],
  pressure: [1.62, 0.05, 0.01],
  dew_point: [-41, 1.5, 0.2],
  height: [3.18, 0.01, 0.002],
  score: [0.97, 0.01, 0.004],
  rejects_per_min: [1.8, 0.9, 0.3],
};

const hash = (text) => {
  let h = 2166136261;
  for (const c of text) h = Math.imul(h ^ c.charCodeAt(0), 16777619);
  return h >>> 0;
};
const noise = (seed, n) => {
  let t = (seed + Math.imul(n | 0, 0x9e3779b9)) | 0;
  t = Math.imul(t ^ (t >>> 15), 1 | t);
  t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296 - 0.5;
};

export const series = [];
export const topics = [];

for (const line of ["line-1", "line-2", "line-3"]) {
  for (const [name, metrics, hz] of machines)
    addTopic(`${root}/${line}/${name}`, [...metrics, "state"], hz, `plc-${line}-${name}`);
  for (let rack = 1; rack <= 4; rack++) {
    addTopic(`${root}/${line}/formation/rack-0${rack}/temperature`, ["value"], 1, `gw-formation-${line}`);
    addTopic(`${root}/${line}/formation/rack-0${rack}/voltage`, ["value"], 1, `gw-formation-${line}`);
  }
}
addTopic("nordzelle/dresden/utilities/compressor-1", ["pressure", "temperature", "power"], 1, "gw-utilities");
addTopic("nordzelle/dresden/utilities/chiller", ["temperature", "power"], 1, "gw-utilities");
addTopic("nordzelle/dresden/laboratory/balance", ["value"], 0.2, "lab-pc-4");
for (let i = 0; i < 10; i++) addTopic(`bench/fast-${i}`, ["value"], 50, "bench");

function addTopic(topic, metrics, hz, publisher) {
  topics.push({ topic, metrics, hz, publisher });
  for (const metric of metrics) {
    series.push({ series: `${topic}/${metric}`, topic, metric, hz, kind: metric === "state" ? "text" : "number" });
  }
}
series.sort((a, b) => (a.series < b.series ? -1 : 1));

export function valueAt(one, ms) {
  const seed = hash(one.series);
  const s = ms / 1000;
  if (one.kind === "text") {
    const phase = Math.floor((s + (seed % 900)) / 300) % 7;
    return phase === 3 ? "setup" : phase === 5 && seed % 3 === 0 ? "fault" : "run";
  }
  const topicName = one.topic.split("/").at(-1);
  const [base, swing, grain] = bases[one.metric === "value" ? topicName : one.metric] ?? [3.6, 0.1, 0.02];
  const period = 240 + (seed % 400);
  const shift = 1 + ((seed % 100) - 50) / 2000;
  const wave = Math.sin((s / period) * 6.283 + (seed % 628) / 100) + 0.4 * Math.sin((s / 37) * 6.283);
  const dip = (s + (seed % 5000)) % 5400 < 240 && one.metric !== "value" ? 0.55 : 1;
  const raw = base * shift * dip + swing * wave + grain * 2 * noise(seed, Math.floor(s * one.hz));
  const digits = Math.abs(base) >= 1000 ? 0 : Math.abs(base) >= 50 ? 1 : Math.abs(base) >= 1 ? 2 : 4;
  return Number(raw.toFixed(digits));
}

const byTopic = new Map(topics.map((t) => [t.topic, { ...t, list: series.filter((s) => s.topic === t.topic) }]));

export function payloadAt(topic, ms) {
  const { list, metrics } = byTopic.get(topic);
  if (metrics.length === 1) return String(valueAt(list[0], ms));
  const body = { ts: new Date(ms).toISOString() };
  for (const metric of metrics)
    body[metric] = valueAt(
      list.find((s) => s.metric === metric),
      ms,
    );
  return JSON.stringify(body);
}
