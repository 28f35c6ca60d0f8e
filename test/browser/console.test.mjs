// A person's first minutes with the console, in Debian's Chromium, on the real program.
import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { spawn } from 'node:child_process'
import { after, before, test } from 'node:test'
import { password, run, startNode } from './node.mjs'
import { blank, launch, shots, signedIn } from './page.mjs'

let node, browser, plant

before(async () => {
  await mkdir(shots, { recursive: true })
  node = await startNode()
  plant = spawn(node.binary, ['sim', '--addr', `127.0.0.1:${node.mqtt}`, '--devices', '40', '--rate', '200', '--quiet'], { stdio: 'ignore' })
  // For the README's picture the charts want something to show.
  await new Promise((resolve) => setTimeout(resolve, 1000 * Number(process.env.MILLRACE_WARM_UP ?? 0)))
  browser = await launch()
})

after(async () => {
  await browser?.close()
  if (plant) {
    plant.kill('SIGTERM')
    await new Promise((resolve) => plant.on('exit', resolve))
  }
  await node?.stop()
})

const open = (t, options) => blank(t, browser, options)

async function signIn(page, secret = password) {
  await page.goto(node.url)
  await page.getByLabel('User name', { exact: true }).fill('admin')
  await page.getByLabel('Password', { exact: true }).fill(secret)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

const publish = (topic, payload) =>
  run('mosquitto_pub', ['-h', '127.0.0.1', '-p', String(node.mqtt), '-q', '1', '-t', topic, '-m', payload])

test('a wrong password stays outside', async (t) => {
  const page = await open(t)
  await signIn(page, 'not-the-password')
  await page.getByText('User name or password is wrong.').waitFor()
  const answer = await page.request.get(`${node.url}/api/v1/status`)
  assert.equal(answer.status(), 401)
})

test('a value published with mosquitto_pub moves on the screen', async (t) => {
  const page = await open(t)
  await signIn(page)
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  await page.getByRole('link', { name: 'Topics' }).first().click()
  await publish('browser/press1', '{"temperature": 21.5}')
  await page.getByLabel('Topic filter').fill('browser/#')
  const row = page.getByRole('row').filter({ hasText: 'press1' })
  await row.getByText('21.5').waitFor()
  await publish('browser/press1', '{"temperature": 22.75}')
  await row.getByText('22.75').waitFor()
  await row.click()
  await page.getByText('"temperature"').first().waitFor()
})

test('the console speaks German', async (t) => {
  const page = await open(t, { locale: 'de-DE' })
  await page.goto(node.url)
  await page.getByLabel('Benutzername', { exact: true }).fill('admin')
  await page.getByLabel('Passwort', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Anmelden', exact: true }).click()
  await page.getByRole('heading', { name: 'Übersicht' }).waitFor()
})

// What each page is brought to before its picture is taken.
const scenes = {
  overview: (page) => page.getByText('Message rate').waitFor(),
  topics: async (page) => {
    await page.getByLabel('Topic filter').fill('coater')
    await page.getByRole('row').filter({ hasText: 'process' }).first().click()
    await page.getByText('"ts"').first().waitFor()
  },
  explore: async (page) => {
    await page.getByLabel('Find series').fill('coater')
    for (const metric of ['oven_temperature', 'web_speed', 'state']) {
      await page.getByRole('checkbox', { name: new RegExp(metric) }).first().click()
    }
    await page.getByRole('img').first().waitFor()
  },
}

test('the plant is seen in Overview, Topics and Explore, light and dark, wide and narrow', async (t) => {
  for (const [name, viewport] of [['wide', { width: 1280, height: 800 }], ['phone', { width: 390, height: 844 }]]) {
    const page = await signedIn(t, browser, node, { viewport })
    for (const [path, scene] of Object.entries(scenes)) {
      await page.getByRole('link', { name: new RegExp(path, 'i') }).filter({ visible: true }).first().click()
      await page.getByRole('heading', { name: new RegExp(path, 'i') }).first().waitFor()
      await scene(page)
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme })
        await page.screenshot({ path: `${shots}/${path}-${name}-${colorScheme}.png` })
        const fits = await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)
        assert.equal(fits, true, `${path} ${name} scrolls sideways`)
      }
    }
  }
})
