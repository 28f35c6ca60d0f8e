// Modules that import each other in a circle are loaded in an order that nobody chose,
// and none of them can be changed or tried alone. Lazy imports count, types do not.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const source = resolve(import.meta.dirname);
const endings = ["", ".ts", ".tsx", "/index.ts", "/index.tsx"];
const imported = /(?:^|\n)\s*(?:import|export)\s+(?!type\b)(?:[^"';]*?\sfrom\s+)?"(\.[^"]+)"|\bimport\(\s*"(\.[^"]+)"\s*\)/g;

const modules = readdirSync(source, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.tsx?$/.test(name) && !/\.test\.tsx?$/.test(name))
  .map((name) => join(source, name));

function importsOf(file: string): string[] {
  const names = [...readFileSync(file, "utf8").matchAll(imported)].map((m) => m[1] ?? m[2] ?? "");
  return names.flatMap((name) => {
    const path = join(dirname(file), name);
    return endings.map((end) => path + end).filter(isFile).slice(0, 1);
  });
}

const isFile = (path: string) => existsSync(path) && statSync(path).isFile();

/** The first circle that each module closes, as names. */
function circles(arrows: Map<string, string[]>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const walk = (file: string, way: string[]) => {
    if (way.includes(file)) found.push([...way.slice(way.indexOf(file)), file].join(" → "));
    if (way.includes(file) || done.has(file)) return;
    for (const next of arrows.get(file) ?? []) walk(next, [...way, file]);
    done.add(file);
  };
  for (const file of arrows.keys()) walk(file, []);
  return found;
}

describe("imports", () => {
  it("go round in no circle", () => {
    const name = (file: string) => relative(source, file);
    const arrows = new Map(modules.map((file) => [name(file), importsOf(file).map(name)]));
    expect(arrows.get("main.tsx")).toContain("App.tsx");
    expect(arrows.get("shell/pages.ts")).toContain("pages/explore/Explore.tsx");
    expect(circles(arrows)).toEqual([]);
  });

  it("are followed to where they close", () => {
    expect(circles(new Map([["a", ["b", "c"]], ["b", ["c"]], ["c", ["d"]], ["d", ["b"]]]))).toEqual(["b → c → d → b"]);
  });
});
