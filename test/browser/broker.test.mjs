// An operator's work with clients, in Debian's Chromium, on the real program: find
// one, look at it, disconnect it, keep it out; look after retained messages; and be
// an MQTT client oneself.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { freePort, run, startNode } from './node.mjs'
import { faults, faultsHere, launch, shots, signedIn } from './page.mjs'

const lists = ['clients', 'subscriptions', 'subscriptions?tab=shared', 'retained', 'listeners', 'refused', 'bans', 'diagnostics', 'diagnostics?tab=topics', 'diagnostics?tab=traces', 'mqtt']
const children = []
let node, browser, ws

before(async () => {
  await mkdir(shots, { recursive: true })
  ws = await freePort()
  const config = join(tmpdir(), `millrace-browser-${process.pid}.yaml`)
  await writeFile(config, `mqtt:\n  listeners:\n    - {name: ws, kind: ws, address: "127.0.0.1:${ws}", anonymous: true}\n`)
  node = await startNode({ MILLRACE_CONFIG: config })
  browser = await launch()
  // One whose queue fills while it is away.
  await run('mosquitto_sub', [...to(), '-V', '5', '-i', 'mes-bridge', '-c', '-x', '3600', '-q', '1', '-t', 'plant/+/quality', '-E'])
  for (const n of [1, 2, 3]) {
    await run('mosquitto_pub', [...to(), '-q', '1', '-t', `plant/line-${n}/quality`, '-m', `{"moisture": ${n}}`])
    await run('mosquitto_pub', [...to(), '-r', '-t', `recipe/line-${n}`, '-m', `{"name": "B${n}"}`])
  }
})

after(async () => {
  await browser?.close()
  for (const child of children) child.kill('SIGTERM')
  await node?.stop()
})

const to = () => ['-h', '127.0.0.1', '-p', String(node.mqtt)]

// connected is a client that says when it has ended.
function connected(id, ...more) {
  const child = spawn('mosquitto_sub', [...to(), '-V', '5', '-i', id, '-t', 'plant/#', ...more], { stdio: 'ignore' })
  children.push(child)
  return new Promise((resolve) => child.on('exit', resolve))
}

const open = (t, options) => signedIn(t, browser, node, options)

test('a client is found, looked at, disconnected and kept out', async (t) => {
  const ended = connected('press-7', '-q', '1')
  connected('press-8')
  const page = await open(t)
  await page.getByRole('link', { name: 'Clients', exact: true }).click()
  await page.getByRole('row').filter({ hasText: 'press-8' }).waitFor()
  await page.getByLabel('Client ID, user or address contains').fill('press-7')
  await page.getByRole('row').filter({ hasText: 'press-8' }).waitFor({ state: 'detached' })
  const row = page.getByRole('row').filter({ hasText: 'press-7' })
  await row.click()
  await page.getByRole('complementary').getByText('MQTT 5.0, TCP').waitFor()
  await page.getByRole('button', { name: 'Open client' }).click()
  await page.getByRole('heading', { name: 'press-7' }).waitFor()
  await page.getByRole('cell', { name: 'plant/#' }).waitFor()
  await page.getByRole('button', { name: 'Ban …' }).click()
  await page.getByRole('dialog').getByLabel('Reason, for people').fill('maintenance')
  await page.getByRole('dialog').getByRole('button', { name: 'Ban', exact: true }).click()
  await page.getByRole('row').filter({ hasText: 'maintenance' }).waitFor()
  await ended
  await assert.rejects(run('mosquitto_pub', [...to(), '-V', '5', '-i', 'press-7', '-t', 'x', '-m', '1', '-q', '1']))
  await page.getByRole('link', { name: 'Refused clients' }).click()
  await page.getByRole('row').filter({ hasText: 'press-7' }).first().click()
  await page.getByText('A ban keeps it out.', { exact: false }).waitFor()
  await page.goto(`${node.url}/bans`)
  await page.getByRole('button', { name: 'Lift the ban on press-7' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Lift ban' }).click()
  await page.getByText('Nobody is banned').waitFor()
})

test('several clients are disconnected at once, after a question', async (t) => {
  const ended = Promise.all([connected('cutter-1'), connected('cutter-2')])
  const page = await open(t)
  await page.goto(`${node.url}/clients?search=cutter`)
  for (const id of ['cutter-1', 'cutter-2']) {
    await page.getByRole('row').filter({ hasText: id }).locator('.ck').click()
  }
  await page.getByRole('button', { name: 'Disconnect 2 clients …' }).click()
  await page.getByRole('button', { name: 'Disconnect 2 clients', exact: true }).click()
  await page.getByText('2 clients disconnected').waitFor()
  for (const child of children.filter((one) => one.spawnargs.includes('cutter-1') || one.spawnargs.includes('cutter-2'))) child.kill('SIGTERM')
  await ended
})

test('what waits for a client that is away is seen', async (t) => {
  const page = await open(t)
  await page.goto(`${node.url}/clients?sort=queued&order=desc`)
  await page.getByRole('row').filter({ hasText: 'mes-bridge' }).click()
  await page.getByText('Messages wait for its return.').waitFor()
  await page.getByRole('complementary').getByText('of 1.00 GiB a stream', { exact: false }).waitFor()
  // What is pressed within the table is its own, and does not open the chosen row.
  await page.getByRole('columnheader').getByRole('button', { name: 'Backlog' }).press('Enter')
  await page.getByRole('columnheader', { name: 'Backlog' }).and(page.locator('[aria-sort=ascending]')).waitFor()
  await page.getByRole('grid').press('Enter')
  await page.getByRole('cell', { name: 'plant/line-3/quality' }).waitFor()
})

test('who gets a topic is answered', async (t) => {
  const page = await open(t)
  await page.goto(`${node.url}/subscriptions`)
  await page.getByLabel('Who gets this topic?').fill('plant/line-9/quality')
  await page.getByRole('row').filter({ hasText: 'mes-bridge' }).waitFor()
  await page.getByLabel('Who gets this topic?').fill('somewhere/else')
  await page.getByText('Nothing matches these filters').waitFor()
})

test('a shared group says what waits for it, who its members are, and leads to them', async (t) => {
  const member = (id) => run('mosquitto_sub', [...to(), '-V', '5', '-i', id, '-c', '-x', '3600', '-q', '1', '-t', '$share/weighing/crate/#', '-E'])
  await Promise.all([member('scale-1'), member('scale-2')])
  for (const n of [1, 2]) await run('mosquitto_pub', [...to(), '-q', '1', '-t', `crate/${n}`, '-m', 'x'])
  const page = await open(t)
  await page.goto(`${node.url}/subscriptions?search=scale`)
  await page.getByRole('tab', { name: 'Shared groups' }).click()
  assert.equal(new URL(page.url()).search, '?tab=shared') // what narrowed the other list is not this one's
  const row = page.getByRole('row').filter({ hasText: 'weighing' })
  await row.getByText('each in turn').waitFor()
  await row.click()
  const side = page.getByRole('complementary')
  await side.getByText('2 messages wait in the log until one comes.').waitFor()
  await side.getByText('Members, 0 here, 2 away').waitFor()
  await side.getByText('Oldest').waitFor()
  assert.deepEqual(await faultsHere(page, 'shared'), [])
  await page.getByLabel('Share name or filter contains').fill('no such')
  await page.getByText('Nothing matches these filters').waitFor()
  await page.getByRole('button', { name: 'Clear filters' }).click()
  await side.getByRole('link', { name: 'scale-2' }).click()
  await page.getByRole('heading', { name: 'scale-2' }).waitFor()
})

test('retained messages are read, and deleted by filter after they are counted', async (t) => {
  const page = await open(t)
  await page.goto(`${node.url}/retained?search=recipe`)
  await page.getByRole('row').filter({ hasText: 'recipe/line-2' }).click()
  await page.getByText('"B2"').waitFor()
  await page.getByRole('button', { name: 'Delete by filter …' }).click()
  await page.getByRole('dialog').getByLabel('Topic filter').fill('recipe/+')
  await page.getByRole('dialog').getByText('3 messages match').waitFor()
  await page.getByRole('button', { name: 'Delete 3 messages' }).click()
  await page.getByText('3 retained messages deleted').waitFor()
  const left = await page.request.get(`${node.url}/api/v1/retained?search=recipe`)
  assert.equal((await left.json()).meta.count, 0)
})

test('a trace is started, and its file can be had', async (t) => {
  const page = await open(t)
  await page.goto(`${node.url}/client?id=mes-bridge`)
  await page.getByRole('button', { name: 'Trace …' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Start trace' }).click()
  await page.getByText(/Trace mes-bridge-\d+ started/).waitFor()
  await page.goto(`${node.url}/diagnostics?tab=traces`)
  const file = page.waitForEvent('download')
  await page.getByLabel(/Download mes-bridge/).click()
  assert.match((await file).suggestedFilename(), /^mes-bridge-\d+/)
})

test('the console is an MQTT client itself', async (t) => {
  const page = await open(t)
  await page.getByRole('link', { name: 'MQTT client' }).click()
  await page.locator(`input[value="ws://127.0.0.1:${ws}/mqtt"]`).waitFor()
  await page.getByRole('button', { name: 'Connect', exact: true }).click()
  await page.getByRole('status').filter({ hasText: /^connected$/ }).waitFor()
  await page.getByLabel('Topic filter').fill('greeting/#')
  await page.getByRole('button', { name: 'Subscribe', exact: true }).click()
  await page.getByRole('button', { name: 'Unsubscribe from greeting/#' }).waitFor()
  await run('mosquitto_pub', [...to(), '-t', 'greeting/plant', '-m', '{"hello": "from outside"}'])
  await page.getByRole('row').filter({ hasText: 'from outside' }).click()
  await page.getByText('"hello"').waitFor()
  const heard = run('mosquitto_sub', [...to(), '-V', '5', '-t', 'greeting/back', '-C', '1', '-F', '%t %p %P', '-W', '20'])
  await page.getByLabel('Topic', { exact: true }).fill('greeting/back')
  await page.getByLabel('Payload', { exact: true }).first().fill('from the console')
  for (let done = false; !done; ) {
    await page.getByRole('button', { name: 'Publish', exact: true }).click()
    done = await Promise.race([heard.then(() => true), new Promise((resolve) => setTimeout(() => resolve(false), 300))])
  }
  assert.match(await heard, /greeting\/back from the console/)
})

test('on a phone the MQTT client connects and subscribes: nothing lies on its buttons', async (t) => {
  const page = await open(t, { viewport: { width: 390, height: 844 } })
  await page.goto(`${node.url}/mqtt`)
  await page.getByRole('button', { name: 'Connect', exact: true }).click()
  await page.getByText('connected', { exact: true }).waitFor()
  await page.getByLabel('Topic filter').fill('phone/#')
  await page.getByRole('button', { name: 'Subscribe', exact: true }).click()
  await page.getByText('phone/#').first().waitFor()
})

test('a client that is away has a session to forget, and no connection to end', async (t) => {
  const page = await open(t)
  await page.goto(`${node.url}/clients?client=mes-bridge`)
  await page.getByRole('button', { name: 'Forget session …' }).waitFor()
  assert.equal(await page.getByRole('button', { name: 'Disconnect …' }).count(), 0)
})

test('every page about the broker is free of what axe finds, light, dark, on a phone and in German', async (t) => {
  connected('axe-client')
  assert.deepEqual(await faults(t, browser, node, [...lists, 'client?id=mes-bridge', 'clients?client=mes-bridge', 'bans?add=client_id']), [])
})
