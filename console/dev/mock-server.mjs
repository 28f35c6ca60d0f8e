// A stand-in for the node: the API with an invented plant, for work on the console
// without a binary. Any user name with the password "millrace" signs in.
//   node dev/mock-server.mjs [port]        serves dist, too, when it was built
//   MOCK=empty | quiet                     a node without messages; without drops and alarms
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname } from "node:path";
import { payloadAt, series, topics, valueAt } from "./plant.mjs";

const port = Number(process.argv[2] ?? 18083);
const mode = process.env.MOCK ?? "";
const empty = mode === "empty";
const started = Date.now() - 187_300_000;
const sessions = new Set();
const plant = empty ? [] : topics;
const known = empty ? [] : series;
// The plant stands for this many alike.
const boost = 40;
const wave = (s, period) => Math.sin((s / period) * 6.283);
const rateNow = () => plant.reduce((sum, t) => sum + t.hz, 0) * boost * (1 + 0.03 * wave(Date.now() / 1000, 90));
const iso = (ms) => new Date(ms).toISOString();

const drops = () => {
  if (empty || mode === "quiet") return [];
  return [
    { reason: "queue_full", title: "Queue full", code: "MR-4216", total: 48_211, rate: 11.6 },
    { reason: "undecodable", title: "Payload not decodable", code: "MR-4301", total: 912, rate: 0.5 },
    { reason: "slow_reader", title: "Reader too slow", code: "MR-4217", total: 40, rate: 0.2 },
  ];
};
const alarms = () =>
  empty || mode === "quiet"
    ? []
    : [
        {
          id: "disk",
          priority: 2,
          title: "Disk 86% full",
          detail: "full in about 31 h at this rate",
          since: iso(Date.now() - 2_880_000),
        },
        {
          id: "queue",
          priority: 2,
          title: "Queue full: mes-bridge-2",
          detail: "10,000 of 10,000 messages wait",
          since: iso(Date.now() - 720_000),
        },
        {
          id: "series",
          priority: 3,
          title: "Many new series",
          detail: "9,120 of 10,000 a minute from gw-utilities",
          since: iso(Date.now() - 3_900_000),
        },
      ];

function status() {
  const rate = rateNow();
  const dropped = drops();
  return {
    node: "race-1",
    version: "0.1.0",
    started: iso(started),
    now: iso(Date.now()),
    durability: "power",
    ready: true,
    parts: ["bus", "broker", "stream", "historian", "api"].map((name) => ({ name, ready: true })),
    broker: {
      connections: empty ? 0 : 312,
      subscriptions: empty ? 0 : 1_204,
      receivedTotal: empty ? 0 : 318_204_112,
      sentTotal: 702_118_004,
      receivedRate: rate,
      sentRate: rate * 2.2,
      bytesInRate: rate * 164,
      bytesOutRate: rate * 2.2 * 164,
      droppedRate: dropped.reduce((sum, d) => sum + d.rate, 0),
    },
    streams: [
      {
        name: "telemetry",
        filters: ["#"],
        messages: empty ? 0 : 318_204_112,
        appendedRate: rate,
        bytes: empty ? 0 : 41.2e9,
        first: "1.0",
        last: "912044.17",
        firstTime: iso(started),
        lastTime: iso(Date.now()),
        appendP50: 0.92,
        appendP99: 3.8,
        refusing: false,
      },
    ],
    historian: {
      series: known.length,
      pointsTotal: empty ? 0 : 1_402_118_004,
      pointsRate: rate * 4.4,
      bytes: empty ? 0 : 7.9e9,
      lag: 0.3,
      position: "912044.17",
    },
    process: { cpu: empty ? 0.02 : 0.68, cores: 2, memory: 412e6, diskFree: 61e9, diskTotal: 480e9, dataBytes: 49.1e9 },
    dropped,
    alarms: alarms(),
  };
}

function history(query) {
  const seconds = { "5m": 300, "15m": 900, "1h": 3600 }[query.get("window")] ?? 3600;
  const step = seconds / 180;
  const end = Date.now();
  const rows = { received: [], sent: [], dropped: [], points: [], append_p50: [], append_p99: [] };
  const bad = drops();
  for (const d of bad) rows[`dropped:${d.reason}`] = [];
  const times = [];
  for (let i = 179; i >= 0; i--) {
    const t = Math.round((end - i * step * 1000) / (step * 1000)) * step * 1000;
    const s = t / 1000;
    const rate = rateNow() * (1 + 0.04 * wave(s, 600) + 0.02 * wave(s, 71) + 0.015 * wave(s, 13));
    times.push(Math.round(t));
    rows.received.push(rate);
    rows.sent.push(rate * (2.2 + 0.1 * wave(s, 800)));
    rows.points.push(rate * 4.4);
    rows.append_p50.push(0.92 + 0.06 * wave(s, 47));
    rows.append_p99.push(3.3 + 0.7 * wave(s, 61) * wave(s, 17) + (s % 1900 < 30 ? 4 : 0));
    const rising = end - t < seconds * 120 ? 1 - (end - t) / (seconds * 300) : 0.03;
    bad.forEach((d) => rows[`dropped:${d.reason}`].push(d.rate * rising * (0.9 + 0.1 * wave(s, 19))));
  }
  rows.dropped = times.map((_, i) => bad.reduce((sum, d) => sum + rows[`dropped:${d.reason}`][i], 0));
  return { step, times, rows };
}

function nodeOf(path) {
  const below = plant.filter((t) => t.topic === path || t.topic.startsWith(`${path}/`));
  const own = below.find((t) => t.topic === path);
  const depth = path.split("/").length;
  const out = {
    name: path.split("/").at(-1),
    topic: path,
    children: new Set(below.filter((t) => t !== own).map((t) => t.topic.split("/")[depth])).size,
    topics: below.length,
    rate: below.reduce((sum, t) => sum + t.hz, 0) * boost,
    hasMessage: !!own,
    publishers: new Set(below.map((t) => t.publisher)).size,
  };
  if (!own) return out;
  const now = last(own);
  const payload = payloadAt(path, now);
  Object.assign(out, { time: iso(now), publisher: own.publisher, preview: payload.slice(0, 120) });
  if (own.metrics.length === 1) {
    const one = series.find((s) => s.topic === path);
    out.value = Number(payload);
    out.spark = Array.from({ length: 40 }, (_, i) => valueAt(one, now - (39 - i) * 3000));
  }
  return out;
}
const last = (t) => Math.floor((Date.now() * t.hz) / 1000) * (1000 / t.hz);

function page(items, query) {
  const limit = Number(query.get("limit") ?? 100);
  const at = Number(query.get("page") ?? 1);
  return { items: items.slice((at - 1) * limit, at * limit), meta: { page: at, limit, count: items.length } };
}

function listTopics(query) {
  const parent = query.get("parent") ?? "";
  const search = (query.get("search") ?? "").toLowerCase();
  const below = plant.map((t) => t.topic).filter((t) => parent === "" || t === parent || t.startsWith(`${parent}/`));
  if (search || query.get("flat"))
    return page(
      below
        .filter((t) => t.toLowerCase().includes(search))
        .sort()
        .map(nodeOf),
      query,
    );
  const depth = parent === "" ? 0 : parent.split("/").length;
  const children = new Set(
    below
      .filter((t) => t !== parent)
      .map((t) =>
        t
          .split("/")
          .slice(0, depth + 1)
          .join("/"),
      ),
  );
  return page([...children].sort().map(nodeOf), query);
}

function timeOf(text, otherwise) {
  if (!text) return otherwise;
  if (text === "now") return Date.now();
  if (/^-?\d+$/.test(text) && !text.startsWith("-")) return Number(text);
  const span = /^-([\d.]+)(ms|s|m|h|d)$/.exec(text);
  if (span) return Date.now() - Number(span[1]) * { ms: 1, s: 1e3, m: 6e4, h: 36e5, d: 864e5 }[span[2]];
  return Date.parse(text);
}

function range(query) {
  const from = timeOf(query.get("from"), Date.now() - 36e5);
  const to = Math.min(timeOf(query.get("to"), Date.now()), Date.now() - 300);
  const width = /^([\d.]+)(ms|s|m|h)$/.exec(query.get("bucket") ?? "");
  const bucket = width ? Number(width[1]) * { ms: 1, s: 1e3, m: 6e4, h: 36e5 }[width[2]] : 0;
  const items = [];
  for (const name of query.getAll("series")) {
    const one = known.find((s) => s.series === name);
    if (!one) return null;
    const step = Math.max(bucket, 1000 / one.hz);
    const times = [];
    for (let t = Math.ceil(from / step) * step; t < to && times.length < 100_000; t += step) times.push(t);
    const values = times.map((t) => valueAt(one, t));
    const item = { series: name, times: times.map(iso), truncated: false };
    if (!bucket) item.values = values;
    else if (one.kind === "text")
      Object.assign(item, { avg: values.map(() => null), first: values, last: values, count: values.map(() => 1) });
    else {
      const spread = times.map((t) => Math.abs(valueAt(one, t + step / 2) - valueAt(one, t)) + 0.01);
      Object.assign(item, {
        avg: values,
        first: values,
        last: values,
        count: values.map(() => Math.round((step / 1000) * one.hz)),
        min: values.map((v, i) => v - spread[i]),
        max: values.map((v, i) => v + spread[i]),
      });
    }
    items.push(item);
  }
  return { from: iso(from), to: iso(to), bucket: bucket / 1000, items };
}

const matches = (filter, topic) => {
  const f = filter.split("/"),
    t = topic.split("/");
  for (let i = 0; i < f.length; i++) {
    if (f[i] === "#") return true;
    if (i >= t.length || (f[i] !== "+" && f[i] !== t[i])) return false;
  }
  return f.length === t.length;
};

function live(query, request, answer) {
  const chosen = plant.filter((t) => query.getAll("filter").some((f) => matches(f, t.topic)));
  answer.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  answer.write(": live\n\n");
  const timer = setInterval(() => {
    for (const t of chosen) {
      const at = last(t);
      const payload = payloadAt(t.topic, at);
      const message = {
        topic: t.topic,
        time: iso(at),
        publisher: t.publisher,
        qos: 1,
        retain: false,
        encoding: "text",
        payload,
        size: payload.length,
        truncated: false,
        count: 1,
      };
      answer.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
    }
  }, 500);
  request.on("close", () => clearInterval(timer));
}

const types = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};
const policy =
  "default-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

function file(path, answer) {
  const dist = new URL("../dist/", import.meta.url);
  let target = new URL(`.${path}`, dist);
  if (!extname(path) || !existsSync(target)) target = new URL("index.html", dist);
  answer.writeHead(200, {
    "Content-Type": types[extname(target.pathname)] ?? "text/plain",
    "Content-Security-Policy": policy,
  });
  answer.end(readFileSync(target));
}

const session = { user: "ida.lindqvist", role: "administrator", csrf: "token", mustChangePassword: false };

createServer(async (request, answer) => {
  const { pathname, searchParams: query } = new URL(request.url, "http://mock");
  const path = pathname.replace(/^\/api\/v1/, "");
  if (path === pathname) return file(pathname, answer);
  const json = (body, code = 200, headers = {}) =>
    answer.writeHead(code, { "Content-Type": "application/json", ...headers }).end(JSON.stringify(body));
  const fail = (code, title, quote, detail) =>
    json({ status: code, title, detail, code: quote, instance: "7f3a09c2" }, code);
  const cookie = /millrace_session=(\w+)/.exec(request.headers.cookie ?? "")?.[1];
  let body = "";
  for await (const chunk of request) body += chunk;
  if (path === "/session" && request.method === "POST") {
    const { user, password } = JSON.parse(body);
    if (password !== "millrace") return fail(401, "Not signed in", "MR-4010", "User name or password is wrong.");
    const token = Math.random().toString(36).slice(2);
    sessions.add(token);
    session.user = user;
    return json(session, 200, { "Set-Cookie": `millrace_session=${token}; HttpOnly; SameSite=Strict; Path=/` });
  }
  if (!sessions.has(cookie)) return fail(401, "Not signed in", "MR-4010", "Sign in first.");
  if (path === "/session") {
    if (request.method === "DELETE") sessions.delete(cookie);
    return request.method === "DELETE" ? answer.writeHead(204).end() : json(session);
  }
  if (path === "/config/mqtt.listen") return json({ key: "mqtt.listen", value: "127.0.0.1:1883" });
  if (path === "/status") return json(status());
  if (path === "/status/history") return json(history(query));
  if (path === "/topics") return json(listTopics(query));
  if (path === "/topics/last") {
    const t = plant.find((one) => one.topic === query.get("topic"));
    if (!t) return fail(404, "Not found", "MR-4040", "No message on this topic is remembered.");
    const at = last(t);
    const payload = payloadAt(t.topic, at);
    return json({
      topic: t.topic,
      time: iso(at),
      publisher: t.publisher,
      qos: 1,
      retain: false,
      size: payload.length,
      encoding: "text",
      payload,
      truncated: false,
      stream: "telemetry",
    });
  }
  if (path === "/series") {
    const prefix = query.get("prefix") ?? "",
      search = (query.get("search") ?? "").toLowerCase();
    const list = known.filter((s) => s.series.startsWith(prefix) && s.series.toLowerCase().includes(search));
    return json(
      page(
        list.map(({ hz, ...s }) => ({ ...s, time: iso(Date.now()) })),
        query,
      ),
    );
  }
  if (path === "/series/range") {
    const found = range(query);
    return found ? json(found) : fail(404, "Not found", "MR-4040", "No such series.");
  }
  if (path === "/live") return live(query, request, answer);
  fail(404, "Not found", "MR-4040", "No such operation.");
}).listen(port, "127.0.0.1", () => console.log(`mock node on http://127.0.0.1:${port}`));
