// Fails when what a browser loads before the first page exceeds the budget: the
// entry script, all it imports at once, and theme.js; gzipped.
import { readFileSync, rmSync } from "node:fs";
import { gzipSync } from "node:zlib";

const budget = 250 * 1024;
const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL("manifest.json", dist), "utf8"));
const size = (file) => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;

const seen = new Set();
function visit(id) {
  if (seen.has(id)) return;
  seen.add(id);
  (manifest[id].imports ?? []).forEach(visit);
}
visit(Object.keys(manifest).find((id) => manifest[id].isEntry));

const files = ["theme.js", ...[...seen].map((id) => manifest[id].file)];
const total = files.reduce((sum, file) => sum + size(file), 0);
for (const file of files) console.log(`${String(size(file)).padStart(8)}  ${file}`);
console.log(`${String(total).padStart(8)}  initial script, gzipped; the budget is ${budget}`);
rmSync(new URL("manifest.json", dist));
if (total > budget) process.exit(1);
