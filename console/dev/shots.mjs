// Takes a picture of every page, light and dark, wide and on a phone:
//   node dev/shots.mjs [folder] [page…]       against MILLRACE_URL, by default the mock
import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";

const base = process.env.MILLRACE_URL ?? "http://127.0.0.1:18083";
const user = process.env.MILLRACE_USER ?? "ida.lindqvist";
const password = process.env.MILLRACE_PASSWORD ?? "millrace";
const [folder = "shots", ...only] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });

const line = "nordzelle/dresden/cells/line-1";
const series = ["force", "temperature", "cycle_time", "state"].flatMap((metric) =>
  metric === "cycle_time"
    ? [`${line}/assembly-press-1/${metric}`]
    : [`${line}/assembly-press-1/${metric}`, `${line}/assembly-press-2/${metric}`],
);
const pages = {
  signin: null,
  overview: "/",
  topics: `/topics?topic=${line}/assembly-press-1`,
  flat: "/topics?filter=temperature",
  none: "/topics?filter=nowhere",
  explore: `/explore?${series.map((s) => `series=${encodeURIComponent(s)}`).join("&")}&window=3600`,
  exploreempty: "/explore",
  ...JSON.parse(process.env.SHOTS ?? "{}"),
};

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});

for (const theme of ["light", "dark"]) {
  for (const [device, viewport] of Object.entries({
    wide: { width: 1280, height: 800 },
    phone: { width: 390, height: 844 },
  })) {
    const context = await browser.newContext({
      viewport,
      colorScheme: theme,
      locale: process.env.SHOT_LOCALE ?? "en-GB",
      ...(device === "phone" ? { hasTouch: true, isMobile: true, deviceScaleFactor: 2 } : {}),
    });
    const page = await context.newPage();
    page.on("console", (message) => message.type() === "error" && console.log(`${device} ${theme}: ${message.text()}`));
    page.on("pageerror", (error) => console.log(`${device} ${theme}: ${error}`));
    await page.goto(base);
    await page.getByRole("button", { name: /sign in|anmelden/i }).waitFor();
    const shoot = (name) => page.screenshot({ path: `${folder}/${name}-${device}-${theme}.png` });
    if (only.length === 0 || only.includes("signin")) await shoot("signin");
    await page.locator("input[name=username]").fill(user);
    await page.locator("input[name=password]").fill(password);
    await page.keyboard.press("Enter");
    await page.locator("main .pgh").waitFor();
    for (const [name, path] of Object.entries(pages)) {
      if (!path || (only.length > 0 && !only.includes(name))) continue;
      await page.goto(base + path);
      await page.waitForTimeout(2500);
      await shoot(name);
    }
    await context.close();
  }
}
await browser.close();
