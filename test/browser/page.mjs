// What the stories share: the browser, a page of somebody who is signed in, and a close
// look at a page.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { readFile } from 'node:fs/promises'
import { chromium } from 'playwright-core'
import { password } from './node.mjs'

export const shots = process.env.MILLRACE_SHOTS ?? '../../build/shots'

export const launch = () =>
  chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  })

// blank returns an empty page that fails the test on any error of its own but the expected.
export async function blank(t, browser, { expected = /401/, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB', ...options })
  const page = await context.newPage()
  const errors = []
  page.on('pageerror', (error) => errors.push(`${error}`))
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
  t.after(async () => {
    await context.close()
    assert.deepEqual(errors.filter((text) => !expected.test(text)), [])
  })
  return page
}

// Cookies of those who have signed in by the form once, by node and user.
const sessions = new Map()

// signedIn returns the first page of somebody who is signed in.
export async function signedIn(t, browser, node, { user = 'admin', secret = password, ...options } = {}) {
  const key = `${node.url} ${user}`
  const page = await blank(t, browser, { storageState: sessions.get(key), ...options })
  await page.goto(node.url)
  if (!sessions.has(key)) {
    await page.locator('input[name=username]').fill(user)
    await page.locator('input[name=password]').fill(secret)
    await page.keyboard.press('Enter')
    await page.locator('main .pgh').waitFor()
    sessions.set(key, { cookies: await page.context().cookies(), origins: [] })
  }
  await page.locator('main .pgh').waitFor()
  return page
}

// settled waits until the page shows what it has asked for.
export async function settled(page) {
  await page.locator('main .pgh').waitFor()
  await page.locator('.skel').first().waitFor({ state: 'detached' })
}

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const wide = { width: 1280, height: 800 }
const phone = { width: 390, height: 844 }

// looks are the ways in which a page is looked at, and what of it: the colours are all
// that the theme changes; German words are long, so theirs is the phone.
const looks = [
  ['light', 'light', wide, 'en', {}],
  ['dark', 'dark', wide, 'en', { runOnly: { type: 'rule', values: ['color-contrast'] } }],
  ['phone-de', 'dark', phone, 'de', {}],
]

// faults opens each path, and looks at it.
export async function faults(t, browser, node, paths, prefix = '') {
  const wrong = []
  const page = await signedIn(t, browser, node)
  for (const path of paths) {
    await page.goto(`${node.url}/${path}`)
    await settled(page)
    wrong.push(...(await faultsHere(page, `${prefix}${path}`)))
  }
  return wrong
}

// faultsHere looks at a page as it stands in each look, takes its picture, and returns
// what axe finds and what scrolls sideways.
export async function faultsHere(page, name) {
  const wrong = []
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe) // not as a script of the page: its policy allows none
  for (const [look, colorScheme, viewport, language, part] of looks) {
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize(viewport)
    await speak(page, language)
    wrong.push(...(await faultsOf(page, part)).map((text) => `${name} ${look}${text}`))
    await page.screenshot({ path: `${shots}/${name.replace(/\W+/g, '-')}-${look}.png` })
  }
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize(wide)
  await speak(page, 'en')
  return wrong
}

// speak changes the language as another tab would.
export const speak = (page, language) =>
  page.evaluate((chosen) => {
    const key = 'millrace.preferences'
    localStorage.setItem(key, JSON.stringify({ ...JSON.parse(localStorage.getItem(key) ?? '{}'), language: chosen }))
    dispatchEvent(new StorageEvent('storage', { key }))
  }, language)

async function faultsOf(page, part) {
  const { violations, sideways } = await page.evaluate(async (part) => {
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
    for (const one of document.getAnimations()) if (one.effect.getComputedTiming().endTime < Infinity) one.finish() // colours fade
    const { violations } = await globalThis.axe.run({ resultTypes: ['violations'], ...part })
    return { violations: violations.map((v) => `: ${v.id} ${v.nodes[0].html.slice(0, 160)}`), sideways: document.documentElement.scrollWidth > window.innerWidth }
  }, part)
  return sideways ? [...violations, ' scrolls sideways'] : violations
}
