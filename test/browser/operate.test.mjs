// Those who run a node, in Debian's Chromium, on the real program: who may do what,
// certificates, maintenance, what is slow, and what the console says when the node
// does not answer or somebody may only look.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { freePort, run, startNode } from './node.mjs'
import { faults, faultsHere, launch, settled, shots, signedIn, speak } from './page.mjs'

const rules = `default: deny
rules:
  - deny: subscribe
    topics: ["plant/+/recipe"]
    groups: [guests]
  - allow: publish
    topics: ["plant/\${clientid}/#"]
    users: [anna]
  - allow: all
    anonymous: true
    addresses: [127.0.0.0/8]
`
const viewer = 'a-viewer-with-a-password'
const children = []
let node, browser, dir, tls

before(async () => {
  await mkdir(shots, { recursive: true })
  dir = await mkdtemp(join(tmpdir(), 'millrace-operate-'))
  await certificate(20)
  tls = await freePort()
  await writeFile(join(dir, 'access.yaml'), rules)
  await run(process.env.MILLRACE_TEST_PROGRAM, ['passwd', '--data', dir, '--groups', 'presses', '--password-file', await file('secret', 'a-secret-of-anna'), 'anna'])
  await run(process.env.MILLRACE_TEST_PROGRAM, ['passwd', '--data', dir, '--no-password', '--disable', 'bert'])
  const listener = `{name: tls, kind: tls, address: "127.0.0.1:${tls}", certificate_files: ["${join(dir, 'server.crt')}"], key_files: ["${join(dir, 'server.key')}"]}`
  node = await startNode({
    MILLRACE_CONFIG: await file('millrace.yaml', `observe: {slow_threshold: 1ms}\nmqtt:\n  access: {users: "${join(dir, 'users')}", rules: "${join(dir, 'access.yaml')}"}\n  listeners:\n    - ${listener}\n`),
  })
  browser = await launch()
})

after(async () => {
  await browser?.close()
  for (const child of children) child.kill('SIGKILL')
  await node?.stop()
  if (dir) await rm(dir, { recursive: true })
})

async function file(name, content) {
  await writeFile(join(dir, name), content)
  return join(dir, name)
}

// certificate makes the listener's, for as many days.
function certificate(days) {
  return run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', String(days),
    '-subj', '/CN=broker.plant', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', join(dir, 'server.key'), '-out', join(dir, 'server.crt')])
}

const to = () => ['-h', '127.0.0.1', '-p', String(node.mqtt)]

function client(command, ...args) {
  const child = spawn(command, [...to(), '-V', '5', ...args], { stdio: 'ignore' })
  children.push(child)
  return child
}

const signIn = (t, { at = node, ...options } = {}) => signedIn(t, browser, at, options)

test('the rules are read in their order, and say who may', async (t) => {
  const page = await signIn(t)
  await page.getByRole('link', { name: 'Access', exact: true }).click()
  const order = page.getByRole('group', { name: 'Rules' }).getByRole('row')
  await order.nth(3).waitFor()
  assert.deepEqual((await order.allInnerTexts()).slice(1).map((text) => text.split(/\s+/).slice(0, 3).join(' ')), ['1 Deny subscribe', '2 Allow publish', '3 Allow publish'])
  await page.getByText('What none decides is denied.').waitFor()
  await page.getByRole('row').filter({ hasText: 'bert' }).getByText('disabled').waitFor()
  await page.getByLabel('Client ID').fill('press-1')
  await page.getByLabel('User', { exact: true }).fill('anna')
  await page.getByLabel('Topic', { exact: true }).fill('plant/press-1/state')
  await page.getByRole('button', { name: 'Ask the rules' }).click()
  await page.getByText('by rule 2 (line 6).').waitFor()
  await page.getByText('Allowed', { exact: true }).waitFor()
  await page.getByLabel('Topic', { exact: true }).fill('plant/press-2/state')
  await page.getByRole('button', { name: 'Ask the rules' }).click()
  await page.getByText('Denied', { exact: true }).waitFor()
})

test('a rules file with a mistake is told, and the old one stays', async (t) => {
  const page = await signIn(t, { expected: /401|4\d\d/ })
  await page.goto(`${node.url}/access`)
  await page.getByText('plant/${clientid}/#').waitFor()
  await writeFile(join(dir, 'access.yaml'), 'default: deny\nrules:\n  - allow: everything\n')
  await page.getByRole('button', { name: 'Read files again' }).click()
  await page.getByText('A newer file does not count.').waitFor()
  await page.getByText('plant/${clientid}/#').waitFor()
  await page.getByRole('link', { name: 'Overview' }).click()
  const alarm = page.getByRole('region', { name: 'Active alarms' }).getByRole('button', { name: /^The rules file cannot be read/ })
  await alarm.press('Enter')
  await alarm.and(page.locator('[aria-expanded=true]')).waitFor()
  assert.deepEqual(await faultsHere(page, 'alarm'), [])
  await speak(page, 'de')
  await page.getByText('Was zuvor gelesen wurde, gilt weiter.', { exact: false }).waitFor()
  await page.getByText('Die Regeldatei ist nicht lesbar', { exact: true }).waitFor()
  await speak(page, 'en')
  await page.getByRole('link', { name: 'Access', exact: true }).click()
  await writeFile(join(dir, 'access.yaml'), rules)
  await page.getByRole('button', { name: 'Read files again' }).click()
  await page.getByText('A newer file does not count.').waitFor({ state: 'detached' })
})

test('a certificate that ends soon is told, and a new one is read without a restart', async (t) => {
  const page = await signIn(t)
  await page.goto(`${node.url}/listeners`)
  const card = page.getByRole('region', { name: 'tls' })
  await card.getByText(/The certificate ends in (19|20) days\./).waitFor()
  await card.getByText('CN=broker.plant').waitFor()
  await card.getByText('localhost').waitFor()
  await certificate(400)
  await page.getByRole('button', { name: 'Read certificates again' }).click()
  await page.getByText('Certificates read again: tls').waitFor()
  await card.getByText(/The certificate ends/).waitFor({ state: 'detached' })
})

test('clients are sent to another server and let in again', async (t) => {
  const ended = once(client('mosquitto_sub', '-i', 'sent-away', '-t', 'plant/#', '-d'), 'exit')
  const page = await signIn(t)
  await page.goto(`${node.url}/clients`)
  await page.getByRole('row').filter({ hasText: 'sent-away' }).waitFor()
  await page.goto(`${node.url}/listeners`)
  await page.getByRole('button', { name: 'Send clients away …' }).click()
  await page.getByRole('dialog').getByLabel('Other server').fill('plant-2:1883')
  await page.getByRole('dialog').getByRole('button', { name: 'Send clients away' }).click()
  await page.getByText('Clients are sent to plant-2:1883 for now.').waitFor()
  await ended
  await assert.rejects(run('mosquitto_pub', [...to(), '-V', '5', '-t', 'x', '-m', '1', '-q', '1']))
  await page.getByRole('button', { name: 'Let clients in again' }).click()
  await page.getByText('For maintenance they can be sent to another server.').waitFor()
  await run('mosquitto_pub', [...to(), '-V', '5', '-t', 'x', '-m', '1', '-q', '1'])
})

test('who acknowledges late is ranked, and the ranking is cleared', async (t) => {
  const slow = client('mosquitto_sub', '-i', 'slow-display', '-q', '1', '-t', 'late/#')
  const page = await signIn(t)
  await page.goto(`${node.url}/clients?client=slow-display`)
  await page.getByRole('complementary').getByText('MQTT 5.0, TCP').waitFor()
  slow.kill('SIGSTOP')
  await run('mosquitto_pub', [...to(), '-q', '1', '-t', 'late/one', '-m', '1'])
  await page.goto(`${node.url}/diagnostics`)
  slow.kill('SIGCONT')
  const row = page.getByRole('row').filter({ hasText: 'slow-display' })
  await row.getByText(/\d (ms|s)/).first().waitFor()
  await page.getByRole('button', { name: 'Begin afresh' }).click()
  await row.waitFor({ state: 'detached' })
})

test('messages of a topic filter are counted while somebody wants it', async (t) => {
  const page = await signIn(t)
  await page.goto(`${node.url}/diagnostics?tab=topics`)
  await page.getByLabel('Topic filter', { exact: true }).fill('counted/+')
  await page.keyboard.press('Enter')
  const row = page.getByRole('row').filter({ hasText: 'counted/+' })
  await row.waitFor()
  for (const n of [1, 2, 3]) await run('mosquitto_pub', [...to(), '-q', '1', '-t', `counted/${n}`, '-m', 'x'])
  await row.getByTitle('QoS 0 0, QoS 1 3, QoS 2 0').first().waitFor()
  await page.getByRole('button', { name: /counted\/\+/ }).click()
  await row.waitFor({ state: 'detached' })
})

test('one client is disconnected out of the panel beside the list', async (t) => {
  const ended = once(client('mosquitto_sub', '-i', 'kicked', '-t', 'plant/#'), 'exit')
  const page = await signIn(t)
  await page.goto(`${node.url}/clients?client=kicked`)
  await page.getByRole('complementary').getByRole('button', { name: 'Disconnect …' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Disconnect client' }).click()
  await page.getByText('1 client disconnected').waitFor()
  for (const child of children.filter((one) => one.spawnargs.includes('kicked'))) child.kill('SIGTERM')
  await ended
})

test('a refusal says whether the client was at the door or in', async (t) => {
  const page = await signIn(t)
  const wrong = ['-V', '5', '-i', 'stranger', '-u', 'anna', '-P', 'wrong', '-t', 'x', '-m', '1', '-q', '1']
  await assert.rejects(run('mosquitto_pub', [...to(), ...wrong]))
  await run('mosquitto_pub', [...to(), '-V', '5', '-i', 'press-1', '-u', 'anna', '-P', 'a-secret-of-anna', '-t', 'elsewhere', '-m', '1', '-q', '1']).catch(() => undefined)
  await page.goto(`${node.url}/refused?client=stranger`)
  await page.getByRole('row').filter({ hasText: 'at the door' }).waitFor()
  await page.goto(`${node.url}/refused?client=press-1`)
  await page.getByRole('row').filter({ hasText: 'after it was in' }).waitFor()
  await page.getByRole('button', { name: 'Filter', exact: true }).click()
  assert.ok((await page.getByRole('dialog').getByLabel('Reason').getByRole('option').count()) > 2)
})

test('a viewer sees everything but what changes something', async (t) => {
  const admin = await signIn(t)
  const { csrf } = await (await admin.request.get(`${node.url}/api/v1/session`)).json()
  const made = await admin.request.post(`${node.url}/api/v1/users`, { data: { name: 'vera', role: 'viewer', password: viewer }, headers: { 'X-CSRF-Token': csrf } })
  assert.ok(made.ok(), await made.text())
  client('mosquitto_sub', '-i', 'looked-at', '-t', 'plant/#')
  await admin.goto(`${node.url}/clients?client=looked-at`)
  await admin.getByRole('complementary').getByText('MQTT 5.0, TCP').waitFor()
  const page = await signIn(t, { user: 'vera', secret: viewer, expected: /401|403/ })
  const changes = /disconnect|ban|delete|send clients|let clients|read certificates|read files|afresh|count|trace|lift|stop|make|change …|purge|replay|back up/i
  for (const path of ['clients?client=looked-at', 'client?id=looked-at', 'subscriptions', 'retained', 'listeners', 'refused', 'bans', 'diagnostics', 'diagnostics?tab=topics', 'streams', 'stream?name=telemetry']) {
    await page.goto(`${node.url}/${path}`)
    await settled(page)
    const buttons = await page.locator('main').getByRole('button', { name: changes }).allInnerTexts()
    assert.deepEqual(buttons, [], path)
    assert.equal(await page.locator('main').getByRole('checkbox').count(), 0, path)
  }
  for (const name of ['Access', 'Back-ups']) assert.equal(await page.getByRole('link', { name, exact: true }).count(), 0)
  await page.goto(`${node.url}/access`)
  await page.getByRole('alert').getByText(/MR-\d+/).waitFor()
})

test('a list under way keeps its length, however fast it is scrolled', async (t) => {
  const page = await signIn(t)
  const count = 5000
  await page.route(/\/api\/v1\/clients\?/, async (route) => {
    const query = new URL(route.request().url()).searchParams
    const answer = await (await route.fetch({ url: `${node.url}/api/v1/clients?limit=1` })).json()
    const [at, limit] = [Number(query.get('page')), Number(query.get('limit'))]
    const one = { ...answer.items[0], connected: true, protocol: '5.0', listener: 'default', address: '127.0.0.1:1', subscriptions: 0, inflight: 0, queued: 0, dropped: 0, inRate: 0, outRate: 0 }
    const items = Array.from({ length: limit }, (_, i) => ({ ...one, id: `c-${(at - 1) * limit + i}` }))
    await new Promise((resolve) => setTimeout(resolve, 50)) // as a node with much to do
    await route.fulfill({ json: { items, meta: { page: at, limit, count } } }).catch(() => undefined)
  })
  await page.goto(`${node.url}/clients`)
  await page.getByRole('row').filter({ hasText: 'c-7' }).first().waitFor()
  const lengths = await page.evaluate(() => new Promise((resolve) => {
    const grid = document.querySelector('.dg')
    const seen = new Set()
    let frames = 0
    const step = () => {
      seen.add(grid.isConnected ? Number(grid.getAttribute('aria-rowcount')) : 0)
      grid.scrollTop += 2800
      if (++frames < 60) requestAnimationFrame(step)
      else resolve([...seen])
    }
    requestAnimationFrame(step)
  }))
  assert.deepEqual(lengths, [count + 1])
  await page.getByRole('row').filter({ hasText: 'c-4999' }).waitFor()
})

test('a page says what failed, and how old its values are once the node has gone', async (t) => {
  const own = await startNode()
  let gone = false
  t.after(() => gone || own.stop())
  const context = (await signIn(t, { at: own, expected: /401|503|ERR_/ })).context()
  const opened = (paths) => Promise.all(paths.map(async (path) => {
    const page = await context.newPage()
    await page.goto(`${own.url}/${path}`)
    return [path, page]
  }))
  const problem = { status: 503, title: 'Not ready', detail: 'The broker starts.', code: 'MR-5030' }
  const failing = /\/api\/v1\/(clients|listeners|slow|topic-m|traces|access|refused|bans|subscriptions|retained)/
  await context.route(failing, (route) => route.fulfill({ status: 503, json: problem, contentType: 'application/problem+json' }))
  const failed = await opened(['listeners', 'diagnostics', 'access', 'clients'])
  for (const [, page] of failed) {
    await page.getByRole('alert').getByText('The broker starts.').waitFor({ timeout: 20_000 })
    await page.getByRole('alert').getByRole('button', { name: 'Try now' }).waitFor()
  }
  await context.unroute(failing)
  for (const [, page] of failed) {
    // Nothing to press is left when the page has asked again by itself.
    void page.getByRole('alert').getByRole('button', { name: 'Try now' }).click().catch(() => undefined)
    await page.getByRole('alert').waitFor({ state: 'detached' })
  }
  const pages = [...failed, ...(await opened(['diagnostics?tab=topics', 'diagnostics?tab=traces', 'refused', 'bans', 'subscriptions', 'subscriptions?tab=shared', 'retained', 'streams', 'stream?name=telemetry', 'backup']))]
  await Promise.all(pages.map(([, page]) => settled(page)))
  await own.stop()
  gone = true
  for (const [path, page] of pages) {
    const bar = page.getByRole('status').filter({ hasText: /Values stopped at \d\d:\d\d:\d\d/ })
    await bar.waitFor({ timeout: 20_000 }).catch(() => assert.fail(`${path} does not say that its values are old`))
    await bar.getByRole('button', { name: 'Try now' }).waitFor()
  }
})

test('pages with data are free of what axe finds, light, dark, on a phone and in German', async (t) => {
  client('mosquitto_sub', '-i', 'axe-client', '-q', '1', '-t', 'plant/#', '-t', '$share/a/plant/+/quality')
  const slow = client('mosquitto_sub', '-i', 'axe-slow', '-q', '1', '-t', 'late/#')
  const admin = await signIn(t)
  await admin.goto(`${node.url}/clients?client=axe-slow`)
  await admin.getByRole('complementary').getByText('MQTT 5.0, TCP').waitFor()
  slow.kill('SIGSTOP')
  const { csrf } = await (await admin.request.get(`${node.url}/api/v1/session`)).json()
  const post = (path, data) => admin.request.post(`${node.url}/api/v1/${path}`, { data, headers: { 'X-CSRF-Token': csrf } })
  await post('topic-metrics', { filter: 'plant/#' })
  await post('bans', { kind: 'network', value: '192.0.2.0/24', reason: 'a flood in the night' })
  await post('traces', { name: 'axe', kind: 'client', value: 'axe-client', format: 'pcapng' })
  for (const n of [1, 2, 3]) {
    await run('mosquitto_pub', [...to(), '-q', '1', '-t', 'late/one', '-m', String(n)])
    await run('mosquitto_pub', [...to(), '-q', '1', '-r', '-t', `plant/line-${n}/quality`, '-m', `{"moisture": ${n}}`])
  }
  const paths = ['access', 'listeners', 'refused?client=press-1', 'client?id=axe-slow', 'diagnostics', 'diagnostics?tab=topics', 'diagnostics?tab=traces']
  assert.deepEqual(await faults(t, browser, node, paths, 'data-'), [])
})
