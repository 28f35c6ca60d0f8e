// Writes src/api/schema.d.ts from openapi.json; --check fails when it is not current.
import { readFileSync, writeFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";

const source = new URL("../openapi.json", import.meta.url);
const target = new URL("../src/api/schema.d.ts", import.meta.url);
const head = "// Generated from openapi.json by `npm run schema`; do not edit.\n\n";

const text = head + astToString(await openapiTS(source));
if (!process.argv.includes("--check")) {
  writeFileSync(target, text);
} else if (readFileSync(target, "utf8") !== text) {
  console.error("src/api/schema.d.ts does not match openapi.json: run `npm run schema`");
  process.exit(1);
}
